// SPDX-License-Identifier: Apache-2.0
#include "results/recording.h"

#include "base/interrupts.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "results/durable.h"
#include "results/json.h"
#include "results/window_json.h"
#include "tests/support/sample_recording.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;

const Facts kFacts{{"kernel.release", "6.12.1"}, {"kernel.cmdline", "isolcpus=1,3"}};
const Facts kFactsAfter{{"kernel.release", "6.12.1"}};

class RecordingTest : public ::testing::Test {
 protected:
  fs::path place() const { return base_ / "deep" / "run"; }

  Result<RecordingWriter> create() {
    return RecordingWriter::create(place(), test::sample_manifest(), test::sample_plan(),
                                   "name: sample\n", kFacts);
  }
  void write_windows(RecordingWriter& writer, int count) {
    const auto plan = test::sample_plan();
    for (int i = 0; i < count; ++i) {
      const auto& window = plan.windows[static_cast<std::size_t>(i)];
      const auto folder = writer.begin_window(plan, i);
      ASSERT_TRUE(folder) << folder.error().what;
      std::ofstream(*folder / "work.log") << "raw";
      ASSERT_TRUE(writer.commit_window(test::sample_window(i, window.arm, window.repeat)));
    }
  }
  void write_all() {
    auto writer = create();
    ASSERT_TRUE(writer) << writer.error().what;
    write_windows(*writer, 4);
    ASSERT_TRUE(writer->finish(test::sample_manifest(), kFactsAfter));
  }

  test::TemporaryDirectory scratch_;
  fs::path base_ = scratch_.path();
};

TEST_F(RecordingTest, EverythingComesBack) {
  write_all();
  const auto back = load_recording(place());
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(back->plan, test::sample_plan());
  EXPECT_EQ(back->profile_text, "name: sample\n");
  EXPECT_EQ(back->facts, kFacts);
  EXPECT_EQ(back->facts_after, kFactsAfter);
  auto manifest = test::sample_manifest();
  manifest.windows = {"000-idle-0", "001-churn-size=64KiB-0", "002-churn-size=64KiB-1",
                      "003-idle-1"};
  EXPECT_EQ(back->manifest, manifest);
  ASSERT_EQ(back->windows.size(), 4u);
  EXPECT_EQ(back->window_directories[1], "windows/001-churn-size=64KiB-0");
  EXPECT_TRUE(fs::exists(place() / back->window_directories[1] / "work.log"));
  const auto& window = back->windows[1];
  const auto original = test::sample_window(1, 1, 0);
  EXPECT_EQ(window_to_json(window), window_to_json(original));
  ASSERT_EQ(window.probe.cpus.size(), 2u);
  EXPECT_TRUE(test::same(window.probe.cpus[1].histogram, original.probe.cpus[1].histogram));
  EXPECT_TRUE(test::same(window.probe.cpus[1].corrected, original.probe.cpus[1].corrected));
  EXPECT_EQ(window.probe.cpus[1].gaps, original.probe.cpus[1].gaps);
}

TEST(WindowJson, TheFieldsThemselvesComeBack) {
  const auto original = test::sample_window(2, 1, 1);
  const auto back = window_from_json("window.json", window_to_json(original));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(back->begin_ns, original.begin_ns);
  EXPECT_EQ(back->probe.line.ticks1, original.probe.line.ticks1);
  EXPECT_EQ(back->probe.line.drift_ppm, original.probe.line.drift_ppm);
  EXPECT_EQ(back->probe.cpus[0].numbers, original.probe.cpus[0].numbers);
  EXPECT_EQ(back->probe.cpus[0].start, original.probe.cpus[0].start);
  EXPECT_EQ(back->work[0].at_end, original.work[0].at_end);
  EXPECT_EQ(back->work[0].op_count, "maps");
  EXPECT_EQ(back->work[0].expected_ipis_per_op, 3);
  EXPECT_EQ(back->interrupts[0].after, original.interrupts[0].after);
  EXPECT_EQ(back->cpu_times[0].steal, 0.05);
  EXPECT_EQ(back->footprints[0].major_faults, 5u);
  EXPECT_EQ(back->warnings, original.warnings);
  EXPECT_EQ(back->files, original.files);
}

TEST(WindowJson, RowsThatBelongToNoCpuComeBack) {  // ERR and MIS of /proc/interrupts
  auto original = test::sample_window(2, 1, 1);
  original.interrupts[0].before = {{kWholeMachine, 1}};
  original.interrupts[0].after = {{kWholeMachine, 4}};
  const auto back = window_from_json("window.json", window_to_json(original));
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(back->interrupts[0].gained(kWholeMachine), 3u);
}

/// Every number of a document, with its place ("/probe/cpus/0/start").
void find_numbers(Json& json, const std::string& place,
                  std::vector<std::pair<std::string, Json*>>& out) {
  if (auto* items = std::get_if<JsonArray>(&json.value))
    for (std::size_t i = 0; i < items->size(); ++i)
      find_numbers((*items)[i], place + "/" + std::to_string(i), out);
  else if (auto* members = std::get_if<JsonObject>(&json.value))
    for (auto& [key, member] : *members) find_numbers(member, place + "/" + key, out);
  else if (std::holds_alternative<double>(json.value) ||
           std::holds_alternative<std::int64_t>(json.value) ||
           std::holds_alternative<std::uint64_t>(json.value))
    out.emplace_back(place, &json);
}

// Only a probe's own numbers may be what no computation gave.
TEST(WindowJson, NumbersThatAreNotFiniteAreRefusedAtTheirPlace) {
  Json document = parse_json(window_to_json(test::sample_window(2, 1, 1))).value();
  std::vector<std::pair<std::string, Json*>> numbers;
  find_numbers(document, "", numbers);
  EXPECT_GT(numbers.size(), 50u);
  int kept = 0;
  for (const auto& [place, number] : numbers) {
    const Json whole = *number;
    for (const char* word : {"nan", "inf", "-inf", "NaN", "1e999"}) {
      *number = Json(word);
      const auto read = window_from_json("window.json", print_json(document));
      const bool known =
          word == std::string("nan") || word == std::string("inf") || word == std::string("-inf");
      if (known && place.find("/numbers/") != std::string::npos) {
        EXPECT_TRUE(read) << place << " " << read.error().what;
        ++kept;
      } else {
        ASSERT_FALSE(read) << place << " " << word;
        EXPECT_THAT(read.error().what, HasSubstr("window.json: " + place)) << word;
      }
    }
    *number = whole;
  }
  EXPECT_EQ(kept, 2 * 4 * 3);
}

// Each length is a difference of two of these.
TEST(WindowJson, TimesThatRunBackwardsAreRefused) {
  const auto refusal = [](auto change) {
    WindowRecord window = test::sample_window(2, 1, 1);
    window.status = "complete";
    change(window);
    const auto read = window_from_json("windows/1/window.json", window_to_json(window));
    return read ? "" : read.error().text();
  };
  const auto line = [&](auto change) {
    return refusal([&](WindowRecord& window) { change(window.probe.line); });
  };
  EXPECT_THAT(line([](TickLine& it) { std::swap(it.ns0, it.ns1); }),
              HasSubstr("windows/1/window.json: /probe/line in ns: it ends at 7, before"));
  EXPECT_THAT(line([](TickLine& it) { std::swap(it.ticks0, it.ticks1); }),
              HasSubstr("windows/1/window.json: /probe/line in ticks: it ends at 1, before"));
  EXPECT_THAT(line([](TickLine& it) { it.ns1 = it.ns0; }),
              HasSubstr("time does not advance on it"));
  EXPECT_THAT(line([](TickLine& it) { it = {"tsc", 1, 2, 7, 0, 0, 0}; }),
              HasSubstr("time does not advance on it"));
  EXPECT_THAT(refusal([](WindowRecord& it) { it.end_ns = 1, it.begin_ns = 2; }),
              HasSubstr("windows/1/window.json: the window: it ends at 1, before its begin at 2"));
  EXPECT_THAT(refusal([](WindowRecord& it) {
                auto& cpu = it.probe.cpus.front();
                cpu.start = cpu.end + 1;
              }),
              HasSubstr("windows/1/window.json: the probe on CPU"));
  // What was never read at the end, of a run that was stopped, is no fault, nor is the identity.
  EXPECT_EQ(refusal([](WindowRecord& it) { it.end_ns = 0, it.status = "interrupted"; }), "");
  EXPECT_EQ(line([](TickLine& it) { it = {"tsc", 0, 0, 0, 0, 0, 0}; }), "");
  EXPECT_EQ(line([](TickLine& it) { it = {"ns", 5, 5, 5, 5, 0, 0}; }), "");
}

TEST_F(RecordingTest, NeverWritesOverARecording) {
  write_all();
  const auto again = create();
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().what, HasSubstr("exists already"));
}

TEST_F(RecordingTest, ARunCutShortLoadsAsRunningWithItsWholeWindows) {
  auto writer = create();
  ASSERT_TRUE(writer);
  EXPECT_EQ(load_recording(place())->windows.size(), 0u);
  write_windows(*writer, 2);
  const auto folder = writer->begin_window(test::sample_plan(), 2);
  ASSERT_TRUE(folder);
  std::ofstream(*folder / "window.json") << "{ half";
  const auto back = load_recording(place());
  ASSERT_TRUE(back) << back.error().what;
  EXPECT_EQ(back->manifest.status, "running");
  EXPECT_EQ(back->windows.size(), 2u);
  EXPECT_TRUE(back->facts_after.empty());
}

TEST_F(RecordingTest, AKillBeforeTheFirstWindowLeavesNothingUnderItsName) {
  fs::create_directories(place().parent_path() / ".run.partial" / "windows");
  EXPECT_FALSE(load_recording(place()));
  EXPECT_TRUE(create());  // and does not stand in the way of the next run
}

TEST_F(RecordingTest, EveryMissingFileIsNamed) {
  write_all();
  const auto copy = base_ / "copy";
  for (const char* file :
       {"manifest.json", "plan.json", "profile.yaml", "facts.json", "facts-after.json",
        "windows/000-idle-0/window.json", "windows/000-idle-0/cpu1.gaps",
        "windows/000-idle-0/cpu3.histogram.csv", "windows/000-idle-0/cpu3.corrected.csv"}) {
    fs::remove_all(copy);
    fs::copy(place(), copy, fs::copy_options::recursive);
    fs::remove(copy / file);
    const auto loaded = load_recording(copy);
    ASSERT_FALSE(loaded) << file;
    EXPECT_THAT(loaded.error().what, HasSubstr(file));
  }
  fs::remove_all(copy);
  fs::copy(place(), copy, fs::copy_options::recursive);
  fs::remove_all(copy / "windows" / "003-idle-1");
  EXPECT_THAT(load_recording(copy).error().what, HasSubstr("003-idle-1"));
}

TEST_F(RecordingTest, EveryTruncatedFileIsNamed) {
  write_all();
  for (const char* file : {"manifest.json", "plan.json", "facts.json", "facts-after.json",
                           "windows/000-idle-0/window.json", "windows/000-idle-0/cpu1.gaps",
                           "windows/000-idle-0/cpu3.histogram.csv"}) {
    const auto size = fs::file_size(place() / file);
    for (const auto part : {std::uintmax_t{0}, size / 2, size - 3}) {
      const auto copy = base_ / "copy";
      fs::remove_all(copy);
      fs::copy(place(), copy, fs::copy_options::recursive);
      fs::resize_file(copy / file, part);
      const auto loaded = load_recording(copy);
      ASSERT_FALSE(loaded) << file << " cut to " << part;
      EXPECT_EQ(loaded.error().kind, ErrorKind::parse);
      EXPECT_THAT(loaded.error().what, HasSubstr(std::string(file) + ":"));
    }
  }
}

TEST_F(RecordingTest, AWindowThatIsNotThePlansIsRefused) {
  auto writer = create();
  ASSERT_TRUE(writer);
  const auto plan = test::sample_plan();
  ASSERT_TRUE(writer->begin_window(plan, 1));
  ASSERT_TRUE(writer->commit_window(test::sample_window(1, 0, 0)));
  EXPECT_THAT(load_recording(place()).error().what,
              HasSubstr("arm 0 repeat 0, the plan has arm 1"));
}

TEST_F(RecordingTest, ALinkInARecordingLeadsNowhere) {
  write_all();
  std::ofstream(base_ / "victim") << "precious";
  fs::remove(place() / "profile.yaml");
  fs::create_symlink(base_ / "victim", place() / "profile.yaml");
  EXPECT_EQ(load_recording(place()).error().kind, ErrorKind::denied);
  const auto open = OpenDirectory::open(place());
  ASSERT_TRUE(open);
  ASSERT_TRUE(open->replace("profile.yaml", "name: new"));
  EXPECT_FALSE(fs::is_symlink(place() / "profile.yaml"));
  EXPECT_EQ(test::text_of(base_ / "victim"), "precious");
  EXPECT_TRUE(load_recording(place()));
  fs::create_directory(base_ / "elsewhere");
  fs::create_directory_symlink(base_ / "elsewhere", place() / "charts");
  EXPECT_EQ(open->folder("charts").error().kind, ErrorKind::denied);
  // What was opened stays what it was.
  const auto folder = open->folder("real");
  fs::rename(place() / "real", place() / "moved");
  fs::create_directory_symlink(base_ / "elsewhere", place() / "real");
  ASSERT_TRUE(folder && folder->create("a", "b"));
  EXPECT_TRUE(fs::exists(place() / "moved" / "a"));
  EXPECT_TRUE(fs::is_empty(base_ / "elsewhere"));
  EXPECT_EQ(folder->create("a", "c").error().kind, ErrorKind::usage);
}

TEST_F(RecordingTest, NamesThatCannotBeAreErrors) {
  const fs::path longest = base_ / std::string(300, 'x');
  EXPECT_FALSE(load_recording(longest));
  EXPECT_FALSE(is_recording(longest));
  EXPECT_EQ(*is_recording(base_), false);
  EXPECT_EQ(*is_recording(base_ / "none"), false);
  EXPECT_FALSE(
      RecordingWriter::create(longest, test::sample_manifest(), test::sample_plan(), "", {}));
}

TEST_F(RecordingTest, IsItsOwnersUnlessAGroupMayReadIt) {
  write_all();
  EXPECT_EQ(fs::status(place()).permissions(), fs::perms::owner_all);
  fs::remove_all(place());
  const mode_t before = ::umask(0077);
  auto writer = RecordingWriter::create(place(), test::sample_manifest(), test::sample_plan(),
                                        "name: sample\n", kFacts, ::getegid());
  ASSERT_TRUE(writer);
  write_windows(*writer, 4);
  ASSERT_TRUE(writer->finish(test::sample_manifest(), kFactsAfter));
  std::ofstream(place() / "findings.json") << "{}";
  ASSERT_TRUE(share_as_its_directory(place()));
  ::umask(before);
  for (const auto& entry : fs::recursive_directory_iterator(place())) {
    const auto rights = entry.symlink_status().permissions();
    EXPECT_NE(rights & fs::perms::group_read, fs::perms::none) << entry.path();
    EXPECT_EQ(rights & fs::perms::others_all, fs::perms::none) << entry.path();
    if (entry.is_directory()) {
      EXPECT_NE(rights & fs::perms::group_exec, fs::perms::none) << entry.path();
    }
  }
}

TEST_F(RecordingTest, OneOfRootSaysWhatToDo) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  write_all();
  for (const fs::path& above : {base_, base_ / "deep"})
    fs::permissions(above, fs::perms(0755));  // it keeps the group of root
  ASSERT_EQ(::seteuid(65534), 0);
  const auto loaded = load_recording(place());
  const auto asked = is_recording(place());
  ASSERT_EQ(::seteuid(0), 0);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, ErrorKind::denied);
  EXPECT_THAT(
      loaded.error().hint,
      testing::AllOf(HasSubstr("sudo chown -R 65534 " + place().string()), HasSubstr("--group")));
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().hint, loaded.error().hint);
}

}  // namespace
}  // namespace isolab
