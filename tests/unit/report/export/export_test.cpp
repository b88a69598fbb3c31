// SPDX-License-Identifier: Apache-2.0
// Exports. Perfetto: a hand-made recording, each gap, cause and arrow found again in the JSON.
// trace.dat: pages of real kernels, read back by the real trace-cmd.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "base/output_file.h"
#include "host/process.h"
#include "report/export/perfetto.h"
#include "report/export/trace_cmd.h"
#include "results/json.h"
#include "tests/support/recording_builder.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/trace_builder.h"
#include "tests/traces/golden.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class ExportTest : public testing::Test {
 protected:
  static std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  test::TemporaryDirectory scratch_;
  fs::path directory_ = scratch_.path();
};

TEST_F(ExportTest, OutputMustBeNewAndIsGoneUnlessFinished) {
  const auto path = directory_ / "out";
  {
    auto out = OutputFile::create(path);
    ASSERT_TRUE(out);
    ASSERT_TRUE(out->write("half"));
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
  auto out = OutputFile::create(path);
  ASSERT_TRUE(out);
  const std::string text(3 << 20, 'x');  // several times the buffer
  ASSERT_TRUE(out->write(text));
  ASSERT_TRUE(out->write("end"));
  ASSERT_TRUE(out->finish());
  EXPECT_EQ(content(path), text + "end");
  const auto again = OutputFile::create(path);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::usage);
  EXPECT_EQ(content(path), text + "end");
}

class PerfettoTest : public ExportTest {
 protected:
  static constexpr std::uint64_t kSync = 0x1000, kCallsite = 0xd000, kPatch = 0xa000;

  PerfettoTest() {
    auto& traced = builder_.window(builder_.arm("noise"), {});
    TraceMeta meta;
    meta.level = "A";
    meta.clock = "x86-tsc";
    meta.begin = test::kStart;
    meta.end = test::kStart + 1'000'000;
    meta.line = test::two_gigahertz();
    meta.write(traced.notes);
    traced.probe.cpus[0].gaps = {
        {1'100'000, 20'000}, {1'200'000, 10'000}, {1'300'000, 5'001}, {1'400'000, 30'000}};
    builder_.window(builder_.arm("quiet"), {5, 6, 7});
    auto& recording = builder_.recording();
    recording.facts["kernel.arch"] = "x86_64";
    recording.directory = directory_;
    recording.window_directories = {"windows/000-noise-0", "windows/001-quiet-0"};

    test::TraceBuilder make;
    make.queue(0, 1'098'000, 1, kCallsite, kSync, 0xff01);
    make.stack(0, 1'098'001, {kCallsite, kPatch});
    make.send(0, 1'098'002, 1, kCallsite, 0x9000);
    make.call_ipi(1, 1'101'000);
    make.callback(1, 1'102'000, kSync, 0xff01);
    make.call_ipi_end(1, 1'103'000);
    make.tick(1, 1'110'000);  // in the same gap
    make.tick_end(1, 1'111'000);
    make.tick(1, 1'201'000);
    make.tick_end(1, 1'202'000);
    make.send(0, 1'390'000, 1, kCallsite, 0);
    make.reschedule(1, 1'401'000);
    test::write_trace_directory(directory_ / "windows/000-noise-0/trace", make.take(),
                                {{kSync, "do_sync_core+0x0/0x10"},
                                 {kCallsite, "on_each_cpu_cond_mask+0x20/0x40"},
                                 {kPatch, "arch_jump_label_transform_apply+0x20/0x40"}},
                                {{100, "gene\"rator"}});
  }

  JsonArray events(std::optional<int> window) {
    auto out = OutputFile::create(directory_ / "out.json");
    EXPECT_TRUE(out);
    auto summary = export_perfetto(builder_.recording(), window, *out);
    EXPECT_TRUE(summary) << summary.error().text();
    EXPECT_TRUE(out->finish());
    summary_ = *summary;
    auto json = parse_json(content(directory_ / "out.json"));
    EXPECT_TRUE(json) << json.error().text();
    return std::get<JsonArray>(member(*json, "traceEvents").value);
  }
  static const Json& member(const Json& of, const std::string& key) {
    static const Json none;
    const auto& members = std::get<JsonObject>(of.value);
    const auto found = members.find(key);
    return found == members.end() ? none : found->second;
  }
  static std::string text(const Json& of, const std::string& key) {
    const auto* found = std::get_if<std::string>(&member(of, key).value);
    return found == nullptr ? "" : *found;
  }
  static double number(const Json& of, const std::string& key) {
    return std::visit(
        [](const auto& value) -> double {
          if constexpr (std::is_arithmetic_v<std::decay_t<decltype(value)>>)
            return static_cast<double>(value);
          return -1;
        },
        member(of, key).value);
  }
  static std::vector<Json> of_phase(const JsonArray& events, const std::string& phase) {
    std::vector<Json> out;
    for (const auto& event : events)
      if (text(event, "ph") == phase) out.push_back(event);
    return out;
  }

  /// The slices of gaps; the others are parts of them.
  static std::vector<Json> gap_slices(const JsonArray& events) {
    auto out = of_phase(events, "X");
    std::erase_if(out, [](const Json& one) { return text(one, "cat") == "part"; });
    return out;
  }

  test::RecordingBuilder builder_;
  PerfettoSummary summary_;
};

TEST_F(PerfettoTest, HasEveryGapWithItsCausesInOrderAndAnArrowFromEverySender) {
  const auto all = events({});
  const auto gaps = gap_slices(all);
  ASSERT_EQ(gaps.size(), 7u);
  EXPECT_EQ(summary_.gaps, 7u);
  EXPECT_EQ(summary_.windows, 2u);
  EXPECT_EQ(summary_.arrows, 2u);

  const auto& first = gaps[0];
  EXPECT_EQ(text(first, "name"), "do_sync_core");
  EXPECT_EQ(number(first, "ts"), 50);
  EXPECT_EQ(number(first, "dur"), 10);
  const auto& args = member(first, "args");
  EXPECT_EQ(text(args, "arm"), "noise");
  EXPECT_EQ(text(args, "class"), "text_patch");
  EXPECT_EQ(text(args, "sender_comm"), "gene\"rator");
  EXPECT_EQ(number(args, "sender_pid"), 100);
  EXPECT_EQ(number(args, "sender_cpu"), 0);
  EXPECT_EQ(text(args, "sender_frame"), "arch_jump_label_transform_apply");
  const auto& causes = std::get<JsonArray>(member(args, "causes").value);
  ASSERT_EQ(causes.size(), 2u);
  EXPECT_THAT(std::get<std::string>(causes[0].value), HasSubstr("text_patch/jump_label"));
  EXPECT_THAT(std::get<std::string>(causes[1].value), HasSubstr("tick"));

  EXPECT_EQ(text(gaps[1], "name"), "local timer");
  EXPECT_EQ(text(member(gaps[2], "args"), "sender_comm"), "gene\"rator");
  EXPECT_EQ(text(gaps[3], "name"), "no kernel event");  // after those with causes
  EXPECT_EQ(text(gaps[3], "cat"), "unexplained");
  EXPECT_EQ(number(gaps[3], "dur"), 2.5);  // 5001 ticks of 0.5 ns: rounded down to 2500 ns
  for (std::size_t i = 4; i < 7; ++i) {
    EXPECT_EQ(text(gaps[i], "name"), "gap");
    EXPECT_EQ(text(member(gaps[i], "args"), "arm"), "quiet");
    EXPECT_EQ(number(gaps[i], "pid"), 2);
  }
  EXPECT_THAT(summary_.remarks, ElementsAre(HasSubstr("window 1 (not traced)")));
}

TEST_F(PerfettoTest, ArrowsGoFromTheSendersInstantIntoTheVictimsGap) {
  const auto all = events({});
  const auto starts = of_phase(all, "s"), ends = of_phase(all, "f"), gaps = gap_slices(all);
  ASSERT_EQ(starts.size(), 2u);
  ASSERT_EQ(ends.size(), 2u);
  EXPECT_EQ(number(starts[0], "ts"), 49);  // csd_queue_cpu, before the gap
  EXPECT_EQ(number(ends[0], "ts"), 50.5);  // the entry of the IPI that ran the call
  std::set<double> ids;
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(number(starts[i], "id"), number(ends[i], "id"));
    EXPECT_EQ(text(starts[i], "name") + text(starts[i], "cat"),
              text(ends[i], "name") + text(ends[i], "cat"));
    EXPECT_LT(number(starts[i], "ts"), number(ends[i], "ts"));
    EXPECT_NE(number(starts[i], "tid"), number(ends[i], "tid"));
    ids.insert(number(starts[i], "id"));
    const auto& gap = gaps[i == 0 ? 0 : 2];
    EXPECT_EQ(number(ends[i], "tid"), number(gap, "tid"));
    EXPECT_GE(number(ends[i], "ts"), number(gap, "ts"));
    EXPECT_LE(number(ends[i], "ts"), number(gap, "ts") + number(gap, "dur"));
  }
  EXPECT_EQ(ids.size(), 2u);
  // Perfetto binds either end to the instant that stands before it.
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto phase = text(all[i], "ph");
    if (phase != "s") continue;
    EXPECT_EQ(text(all[i - 1], "ph"), "i");
    EXPECT_EQ(number(all[i - 1], "tid"), number(all[i], "tid"));
    EXPECT_EQ(number(all[i - 1], "ts"), number(all[i], "ts"));
  }
}

TEST_F(PerfettoTest, NamesEveryProcessAndThreadItUses) {
  const auto all = events({});
  std::map<double, std::string> processes, threads;
  for (const auto& event : of_phase(all, "M")) {
    if (text(event, "name") == "process_name")
      processes[number(event, "pid")] = text(member(event, "args"), "name");
    if (text(event, "name") == "thread_name")
      threads[number(event, "tid")] = text(member(event, "args"), "name");
  }
  EXPECT_THAT(processes, ElementsAre(testing::Pair(1, "window 0: noise #1"),
                                     testing::Pair(2, "window 1: quiet #1, without causes")));
  for (const auto& event : all) {
    EXPECT_TRUE(processes.contains(number(event, "pid")));
    if (text(event, "ph") != "M") {
      EXPECT_TRUE(threads.contains(number(event, "tid")));
    }
  }
  std::vector<std::string> names;
  for (const auto& [id, name] : threads) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("CPU 0 (housekeeping)", "CPU 1 (measured)", "CPU 1 (measured)"));
}

TEST_F(PerfettoTest, LongNamesDoNotGrowWithEveryEvent) {
  const std::string name(3'000'000, 'n');
  std::ofstream symbols(directory_ / "windows/000-noise-0/trace/symbols");
  for (const auto address : {kSync, kCallsite, kPatch})
    symbols << fmt::format("{:x} {}+0x20/0x40\n", address, name);
  symbols.close();
  const auto all = events({});
  EXPECT_EQ(gap_slices(all).size(), 7U);
  EXPECT_EQ(summary_.arrows, 2U);
  EXPECT_LT(fs::file_size(directory_ / "out.json"), 100'000U);
  EXPECT_THAT(content(directory_ / "out.json"), HasSubstr(std::string(200, 'n')));
}

TEST_F(PerfettoTest, OneWindowAlone) {
  EXPECT_EQ(of_phase(events(1), "X").size(), 3u);
  EXPECT_EQ(summary_.windows, 1u);
  auto out = OutputFile::create(directory_ / "none.json");
  ASSERT_TRUE(out);
  const auto none = export_perfetto(builder_.recording(), 7, *out);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::usage);
}

TEST_F(PerfettoTest, ForTraceCmdOnlyTracedWindowsWillDo) {
  auto out = OutputFile::create(directory_ / "out.dat");
  ASSERT_TRUE(out);
  const auto untraced = export_trace_cmd(builder_.recording(), 1, *out);
  ASSERT_FALSE(untraced);
  EXPECT_EQ(untraced.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(untraced.error().what, HasSubstr("window 1 was not traced"));
  const auto none = export_trace_cmd(builder_.recording(), 7, *out);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::usage);
  EXPECT_EQ(out->size(), 0u);
}

TEST(KallsymsText, GivesFunctionsTheirBeginAndTheirEnd) {
  EXPECT_EQ(kallsyms_text({{0x1010, "first+0x10/0x40"},
                           {0x1020, "first+0x20/0x40"},
                           {0x1048, "second+0x8/0x20"},
                           {0x2000, "third+0x0/0x10 [module]"},
                           {0x3000, "no form"},
                           {0x10, "before_zero+0x20/0x40"}}),
            "0000000000001000 T first\n"
            "0000000000001040 T second\n"
            "0000000000001060 T not_recorded\n"
            "0000000000002000 T third\t[module]\n"
            "0000000000002010 T not_recorded\n");
}

/// What a reader makes of a trace: events by CPU and name, called functions, stack frames.
struct Reading {
  std::map<std::pair<int, std::string>, int> events;
  std::map<std::string, int> called;  // "CPU function" of csd_function_entry
  int frames = 0;
  std::string first_time;  // seconds with nine decimals

  bool operator==(const Reading&) const = default;
};

class TraceCmdTest : public ExportTest {
 protected:
  static constexpr std::string_view kFunction = "called_function_";

  /// The golden as a window's trace directory. Functions that ran get names.
  void save(const golden::Trace& trace) {
    fs::remove_all(directory_ / "trace");
    fs::create_directories(directory_ / "trace");
    fs::copy(trace.directory / "formats", directory_ / "trace/formats",
             fs::copy_options::recursive);
    for (const auto& [cpu, bytes] : trace.cpus)
      std::ofstream(directory_ / "trace" / fmt::format("cpu{}.raw", cpu), std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()),
                 static_cast<std::streamsize>(bytes.size()));
    std::ofstream symbols(directory_ / "trace/symbols");
    for (const auto& [address, name] : names_)
      symbols << fmt::format("{:x} {}+0x0/0x1\n", address, name);
  }

  Reading ours(const golden::Trace& trace, double ns_per_tick) {
    Reading out;
    names_.clear();
    const auto entry = trace.formats.id_of("csd:csd_function_entry");
    const auto func = NumberField::resolve(trace.formats, "csd:csd_function_entry", "func");
    const auto stack = StackField::resolve(trace.formats);
    EXPECT_TRUE(func && stack);
    std::vector<CpuReader> readers;
    for (const auto& [cpu, bytes] : trace.cpus)
      readers.emplace_back(bytes, cpu, trace.formats.layout);
    merge_cpus(std::move(readers), [&](const TraceEvent& event) {
      if (out.first_time.empty()) {
        const auto ns = static_cast<std::uint64_t>(static_cast<double>(event.time) * ns_per_tick);
        out.first_time = fmt::format("{}.{:09}", ns / 1'000'000'000, ns % 1'000'000'000);
      }
      ++out.events[{event.cpu, trace.formats.find(event.id())->name}];
      if (event.id() == stack->id()) out.frames += static_cast<int>(stack->frames(event));
      if (event.id() != entry) return;
      auto& name = names_[(*func)(event)];
      if (name.empty()) name = fmt::format("{}{}", kFunction, names_.size());
      ++out.called[fmt::format("{} {}", event.cpu, name)];
    });
    return out;
  }

  static Reading theirs(const std::string& report) {
    static const std::regex event(R"(^.*-\d+\s+\[(\d+)\]\s+([0-9.]+):\s+(\w+):\s*(.*)$)");
    static const std::regex function("func=(" + std::string(kFunction) + R"(\d+)\b)");
    Reading out;
    std::istringstream lines(report);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("=> ")) ++out.frames;
      std::smatch found, called;
      if (!std::regex_match(line, found, event)) continue;
      const int cpu = std::stoi(found[1]);
      if (out.first_time.empty()) out.first_time = found[2];
      ++out.events[{cpu, found[3]}];
      const std::string rest = found[4];
      if (found[3] == "csd_function_entry" && std::regex_search(rest, called, function))
        ++out.called[fmt::format("{} {}", cpu, called[1].str())];
    }
    return out;
  }

  std::map<std::uint64_t, std::string> names_;
};

TEST_F(TraceCmdTest, ReportReadsTheSameEventsFunctionsAndStacks) {
  constexpr auto kLimit = std::chrono::seconds(30);
  if (!run_for_output({"sh", "-c", "command -v trace-cmd"}, kLimit))
    GTEST_SKIP() << "trace-cmd is not installed";
  for (const auto& trace : golden::load_all()) {
    SCOPED_TRACE(trace.machine);
    const bool tsc = trace.machine.starts_with("x86");
    TraceMeta meta;
    meta.level = "A";
    meta.clock = tsc ? "x86-tsc" : "mono_raw";
    meta.line = {"tsc", 0, 2'000'000'000, 0, 1'000'000'000, 0, 0};
    const auto expected = ours(trace, tsc ? 0.5 : 1);
    save(trace);
    const auto file = directory_ / (trace.machine + ".dat");
    auto out = OutputFile::create(file);
    ASSERT_TRUE(out);
    const auto written =
        write_dat(directory_ / "trace", meta, "Linux 6.0.0 hand",
                  [&](std::span<const std::byte> bytes) { return out->write(bytes); });
    ASSERT_TRUE(written) << written.error().text();
    ASSERT_TRUE(out->finish());
    EXPECT_EQ(fs::file_size(file), written->bytes);
    const auto report = run_for_output({"trace-cmd", "report", "-q", "-t", "-i", file}, kLimit);
    ASSERT_TRUE(report) << report.error().text();
    const auto read = theirs(*report);
    EXPECT_EQ(read.events, expected.events);
    EXPECT_EQ(read.called, expected.called);
    EXPECT_EQ(read.frames, expected.frames);
    EXPECT_EQ(read.first_time, expected.first_time);
    EXPECT_GT(read.called.size(), 0u);
    EXPECT_GT(read.frames, 5);
  }
}

}  // namespace
}  // namespace isolab
