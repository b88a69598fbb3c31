// SPDX-License-Identifier: Apache-2.0
// What `isolab compare` prints, byte for byte, and how its arguments become groups.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "analysis/comparison_json.h"
#include "runner/commands.h"
#include "runner/compare_tables.h"
#include "runner/compare_text.h"
#include "runner/false_positives.h"
#include "runner/html_report.h"
#include "runner/profile_file.h"
#include "runner/session_groups.h"
#include "tests/support/compare_sessions.h"
#include "tests/support/golden_file.h"
#include "tests/support/recording_builder.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::string> kCitation{
    "False positives of this set-up: 1 of 212 tests flagged (0.5%) between 12 A/A sessions."};

Comparison letter(std::uint64_t sessions = 6) {
  static std::vector<test::LetterSessions> kept;
  kept.push_back(test::letter_sessions(sessions));
  return compare(kept.back().groups, {}).value();
}

TEST(CompareText, Terminal) {
  const auto text = render_comparison(letter(), kCitation);
  test::expect_page(text, 100);
  test::expect_golden("compare/terminal.txt", text);
}

TEST(CompareText, CoverLetter) {
  const auto text = render_cover_letter(letter(), kCitation);
  test::expect_page(text, 72);
  test::expect_golden("compare/cover_letter.txt", text);
}

TEST(CompareText, CoverLetterOfTooFewSessionsWithAnotherMicrocode) {
  auto sessions = test::letter_sessions(4);
  sessions.kept[5]->facts["cpu.microcode"] = "0x2";
  sessions.kept[0]->arms[1].windows_left_out = 1;
  const auto text = render_cover_letter(compare(sessions.groups, {}).value(), {});
  test::expect_page(text, 72);
  test::expect_golden("compare/too_few.txt", text);
}

TEST(CompareText, Json) {
  test::expect_golden("compare/letter.json", comparison_to_json(letter()));
}

TEST(CompareText, HtmlHasEverythingInIt) {
  const auto text = render_html(
      letter(), kCitation, {{"a-chart", "<?xml version=\"1.0\"?>\n<svg id=\"here\"></svg>"}}, "");
  EXPECT_THAT(text, HasSubstr("<figure id=\"a-chart\"><svg id=\"here\"></svg></figure>"));
  EXPECT_THAT(text, Not(HasSubstr("<?xml")));
  EXPECT_THAT(text, Not(HasSubstr("http")));
  EXPECT_THAT(text, Not(HasSubstr("<script")));
  EXPECT_THAT(text, HasSubstr("do_flush_tlb_all run"));
  EXPECT_THAT(text, HasSubstr("gaps &gt;50us/CPU-h"));
  EXPECT_THAT(render_html(letter(), {}, {}, "no <python>"),
              HasSubstr("No charts: no &lt;python&gt;"));
}

TEST(CompareTables, ChangesInWords) {
  ComparedMetric metric;
  metric.statistic = Statistic::value;
  metric.changes.resize(1);
  const auto say = [&](double ratio) {
    metric.changes[0].ratio = ratio;
    return change_text(metric, 1);
  };
  EXPECT_EQ(say(1.0001), "0.0%");
  EXPECT_EQ(say(0.873), "-12.7%");
  EXPECT_EQ(say(1.5), "+50.0%");
  EXPECT_EQ(say(26.366), "26.4x");
  EXPECT_EQ(say(INFINITY), "from 0");
  metric.statistic = Statistic::count;
  metric.changes[0].ratio_interval = Interval{0, 0.002};
  EXPECT_EQ(say(0), "to 0 (<0.002x)");
  metric.changes[0].ratio_interval = Interval{0, 39.02};
  EXPECT_EQ(say(0), "to 0 (<39.0x)");  // a fall all the same, of which nothing is proven
  EXPECT_EQ(change_range_text(metric.changes[0]), "");
  metric.changes[0].ratio_interval = Interval{58.3, INFINITY};
  EXPECT_EQ(say(INFINITY), "from 0 (>58.3x)");
  EXPECT_EQ(change_range_text(metric.changes[0]), "");
  metric.statistic = Statistic::maximum;
  EXPECT_EQ(say(3), "-");
}

TEST(CompareTables, ABoundAtNoChangeSaysWhetherItIsInside) {
  Change change;
  change.ratio = 1.2;
  change.ratio_interval = Interval{1, 1.5, true, true};
  EXPECT_EQ(change_range_text(change), "(0.0%,+50.0%]");
  EXPECT_TRUE(interval_excludes_no_change(change));
  change.ratio_interval = Interval{1, 1.5};
  EXPECT_EQ(change_range_text(change), "[0.0%,+50.0%]");
  EXPECT_FALSE(interval_excludes_no_change(change));
  change.ratio_interval = Interval{1.0001, 1.5};
  EXPECT_EQ(change_range_text(change), "[+0.01%,+50.0%]");
  change.ratio.reset();
  change.ratio_interval.reset();
  change.shift_interval = Interval{-3, 0, false, true};
  EXPECT_EQ(change_range_text(change), "[-3,+0)");
}

/// One count of each session in an arm that all have.
SessionGroup counted_group(test::Sessions& keep, const std::string& name,
                           const std::vector<std::uint64_t>& counts) {
  std::vector<Findings> sessions;
  for (const auto count : counts) {
    sessions.push_back(test::empty_session());
    sessions.back().metrics = {
        test::count_metric("interrupts_per_second",
                           {{"arm", "load"}, {"cpu", "all"}, {"row", "reschedule"}}, count, 1)};
  }
  return keep.group(name, std::move(sessions));
}

// One event against none: the bound of the ratio is 39, and it is a fall all the same.
TEST(CompareText, AFallToZeroIsNeverPrintedAsARise) {
  test::Sessions keep;
  const auto fall = compare({counted_group(keep, "base", {0, 0, 1, 0, 0, 0}),
                             counted_group(keep, "now", {0, 0, 0, 0, 0, 0})},
                            {})
                        .value();
  const auto rise = compare({counted_group(keep, "base", {0, 0, 0, 0, 0, 0}),
                             counted_group(keep, "now", {0, 0, 1, 0, 0, 0})},
                            {})
                        .value();
  for (const auto& text : {render_comparison(fall, {}), render_cover_letter(fall, {}),
                           render_html(fall, {}, {}, "no charts")})
    EXPECT_THAT(text, testing::ContainsRegex("reschedule IPIs.*to 0 \\((<|&lt;)39"));
  for (const auto& text : {render_comparison(rise, {}), render_cover_letter(rise, {}),
                           render_html(rise, {}, {}, "no charts")})
    EXPECT_THAT(text, testing::ContainsRegex("reschedule IPIs.*from 0 \\((>|&gt;)0"));
  EXPECT_THAT(comparison_to_json(fall), HasSubstr("\"ratio\": 0.0"));
  EXPECT_THAT(comparison_to_json(rise), HasSubstr("\"ratio\": \"inf\""));
}

TEST(CompareTables, TheReproduceLineNamesProfileHashAndSessions) {
  auto one = letter();
  EXPECT_EQ(reproduce_command(one), "isolab run lpc2022 --hash 0123456789abcdef --sessions 6");
  one.command_line = {"isolab", "run", "my own/profile.yaml"};
  EXPECT_THAT(reproduce_command(one), HasSubstr("run 'my own/profile.yaml' --hash"));
  one.command_line = {"isolab", "run", "/root/profiles/kernels.yaml", "--booted", "6.1"};
  one.groups[0].facts["kernel.command_line"] = "quiet isolab.vm=tcg -- vm guest";
  EXPECT_EQ(reproduce_command(one), "isolab vm run kernels --hash 0123456789abcdef --sessions 6");
  one.command_line = {"build/isolab", "vm",  "run",      "mine.yaml", "--sessions",  "2",
                      "-o",           "out", "--append", "a=1 b",     "--kernel=6.1"};
  EXPECT_EQ(reproduce_command(one),
            "isolab vm run mine.yaml --hash 0123456789abcdef --sessions 6 --append 'a=1 b' "
            "--kernel=6.1");
}

/// Recordings on disk, gone afterwards.
class Recordings : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "isolab-compare-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(root_); }

  /// Two arms, two repeats; `extra` more gaps in "noise".
  fs::path record(const std::string& name, int extra = 0,
                  const std::string& hash = "0123456789abcdef") {
    test::RecordingBuilder builder;
    builder.recording().plan.profile_hash = hash;
    builder.recording().facts["machine.host_name"] = "hand";
    const int idle = builder.arm("idle");
    const int noise = builder.arm("noise", {"hackbench"});
    for (int repeat = 0; repeat < 2; ++repeat) {
      builder.window(idle, {2, 3});
      builder.window(noise, std::vector<double>(static_cast<std::size_t>(20 + extra), 12.5));
    }
    write(root_ / name, builder.recording());
    return root_ / name;
  }

  static void write(const fs::path& place, const Recording& recording) {
    auto writer = RecordingWriter::create(place, recording.manifest, recording.plan, "name: hand\n",
                                          recording.facts);
    EXPECT_TRUE(writer) << writer.error().text();
    for (std::size_t i = 0; i < recording.windows.size(); ++i) {
      EXPECT_TRUE(writer->begin_window(recording.plan, static_cast<int>(i)));
      EXPECT_TRUE(writer->commit_window(recording.windows[i]));
    }
    EXPECT_TRUE(writer->finish(recording.manifest, recording.facts));
  }

  fs::path root_;
};

TEST_F(Recordings, ArgumentsBecomeGroups) {
  for (const char* name : {"lab/s1", "lab/s2", "new"}) record(name);
  CompareRequest request;
  request.groups = {(root_ / "lab").string(),
                    "patched=" + (root_ / "new").string() + "," + (root_ / "lab/s1").string()};
  const auto loaded = load_groups(request);
  ASSERT_TRUE(loaded) << loaded.error().text();
  ASSERT_EQ(loaded->groups.size(), 2u);
  EXPECT_EQ(loaded->groups[0].name, "lab");
  EXPECT_EQ(loaded->groups[0].sessions.size(), 2u);
  EXPECT_THAT(loaded->groups[0].places[0], HasSubstr("s1"));
  EXPECT_EQ(loaded->groups[1].name, "patched");
  EXPECT_EQ(loaded->groups[1].sessions.size(), 2u);
  EXPECT_EQ(loaded->directories.size(), 4u);
}

TEST_F(Recordings, ArmsOfSessionsAndRepeatsOfOne) {
  CompareRequest request;
  request.groups = {record("one").string()};
  request.arms = {"idle", "noise"};
  const auto sessions = load_groups(request);
  ASSERT_TRUE(sessions);
  EXPECT_EQ(sessions->groups[1].arm, "noise");
  EXPECT_EQ(sessions->groups[1].sessions.size(), 1u);
  request.by_repeat = true;
  const auto repeats = load_groups(request);
  ASSERT_TRUE(repeats);
  ASSERT_EQ(repeats->groups[0].sessions.size(), 2u);
  EXPECT_TRUE(repeats->groups[0].places[1].ends_with("#1"));
  EXPECT_EQ(repeats->groups[0].sessions[0]->arms[0].windows, 1);
}

TEST_F(Recordings, ArmsOfKernelsCountTheSessionsOfTheirBoot) {
  const auto boot = [&](const std::string& name, bool patched) {
    test::RecordingBuilder builder;
    const int base = builder.arm("base");
    const int now = builder.arm("new");
    auto& recording = builder.recording();
    recording.plan.arms[0].boot = PlannedBoot{"6.1", ""};
    recording.plan.arms[1].boot = PlannedBoot{"6.12", ""};
    recording.plan.arms[patched ? 0 : 1].not_applicable = "needs another kernel";
    recording.facts["kernel.release"] = patched ? "6.12.1" : "6.1.0";
    builder.window(patched ? now : base, {2, 3});
    write(root_ / name, recording);
  };
  for (int i = 1; i <= 3; ++i) boot(fmt::format("lab/session-{:02}-base", i), false);
  for (int i = 1; i <= 2; ++i) boot(fmt::format("lab/session-{:02}-new", i), true);
  CompareRequest request;
  request.groups = {(root_ / "lab").string()};
  request.arms = {"base", "new"};
  const auto loaded = load_groups(request);
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->groups[0].sessions.size(), 3u);
  ASSERT_EQ(loaded->groups[1].sessions.size(), 2u);
  EXPECT_THAT(loaded->groups[1].places[1], HasSubstr("session-02-new"));
  const auto compared = compare(loaded->groups, {});
  ASSERT_TRUE(compared);
  for (const auto& one : compared->differences) EXPECT_TRUE(one.intended) << one.what;
  EXPECT_EQ(compared->groups[0].facts.at("kernel.release"), "6.1.0");
  EXPECT_EQ(compared->groups[1].facts.at("kernel.release"), "6.12.1");
  request.groups = {(root_ / "lab/session-01-base").string()};
  EXPECT_THAT(load_groups(request).error().what, HasSubstr("arm new ran in none of the sessions"));
}

TEST_F(Recordings, WhatIsNoRecordingIsNamed) {
  const auto good = record("good").string();
  const auto refused = [&](std::vector<std::string> groups) {
    CompareRequest request;
    request.groups = std::move(groups);
    const auto loaded = load_groups(request);
    EXPECT_FALSE(loaded);
    return loaded ? "" : loaded.error().text();
  };
  fs::create_directories(root_ / "empty");
  EXPECT_THAT(refused({good, (root_ / "empty").string()}), HasSubstr("holds none"));
  EXPECT_THAT(refused({good, (root_ / "absent").string()}), HasSubstr("absent"));
  EXPECT_THAT(refused({good}), HasSubstr("at least one other"));
  EXPECT_THAT(refused({good, good}), HasSubstr("two groups are named good"));
  EXPECT_THAT(refused({good, "x=,"}), HasSubstr("names no recording"));
}

TEST_F(Recordings, FalsePositivesAreMeasuredKeptAndCited) {
  std::vector<fs::path> sessions;
  for (int i = 0; i < 12; ++i)
    sessions.push_back(record(fmt::format("aa/session-{:02}", i + 1), (i * 5) % 7));
  const auto measured = measure_false_positives(sessions);
  ASSERT_TRUE(measured) << measured.error().text();
  EXPECT_EQ(measured->sessions, 12u);
  EXPECT_GT(measured->tests, 3u);
  EXPECT_EQ(measured->flagged, 0u);
  const auto json = false_positives_json(*measured);
  std::ofstream(root_ / "aa" / kFalsePositivesFile) << json;
  const auto back = false_positives_from_json("aa.json", json);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(citation(*back), citation(*measured));

  // Cited beside recordings of the same profile, kernel and machine, and nowhere else.
  const auto cited = [&](const fs::path& a, const fs::path& b) {
    const auto loaded = load_groups({{"a", {a}}, {"b", {b}}}, false).value();
    return citations_for(compare(loaded.groups, {}).value(), loaded.directories);
  };
  EXPECT_THAT(cited(record("base"), record("new")), testing::ElementsAre(citation(*measured)));
  EXPECT_THAT(cited(record("base2", 0, "other"), record("new2", 0, "other")), testing::IsEmpty());
  EXPECT_FALSE(measure_false_positives({sessions.begin(), sessions.begin() + 11}));
  sessions[3] = record("stranger", 0, "other");
  EXPECT_THAT(measure_false_positives(sessions).error().text(), HasSubstr("not of one profile"));
  EXPECT_FALSE(false_positives_from_json("x", "{}"));
}

// A drift over the sessions falls on both groups alike where they are interleaved, and is called a
// change where they are not.
TEST_F(Recordings, DriftShowsBetweenTheHalves) {
  std::vector<fs::path> sessions;
  for (int i = 0; i < 12; ++i) sessions.push_back(record(fmt::format("s{:02}", i), 4 * i));
  const auto measured = measure_false_positives(sessions).value();
  EXPECT_EQ(measured.flagged, 0u);
  EXPECT_GT(measured.drift_flagged, 0u);
}

/// What a verb prints on stdout; its exit code goes into `code`.
template <class F>
std::string printed(F verb, int& code) {
  testing::internal::CaptureStdout();
  code = verb();
  std::fflush(stdout);
  return testing::internal::GetCapturedStdout();
}

TEST_F(Recordings, HistoryFollowsAMetricOverRecordings) {
  record("one");
  record("lab/two", 30);
  HistoryOptions options;
  options.metric = "gaps_over_10us";
  options.labels = {"arm=noise", "cpu=all"};
  options.directory = root_;
  int code = -1;
  const auto text = printed([&] { return history_command(options); }, code);
  EXPECT_EQ(code, kDone);
  EXPECT_THAT(text, HasSubstr("arm noise, cpu all"));
  EXPECT_THAT(text, HasSubstr("7.20k"));  // 40 in 20 s
  EXPECT_THAT(text, HasSubstr("18.0k"));  // 100 in 20 s
  EXPECT_THAT(text, HasSubstr("lab/two"));
  EXPECT_TRUE(fs::exists(root_ / "index.sqlite"));

  // The index follows what is on disk: one recording goes, another takes a known place.
  fs::remove_all(root_ / "one");
  fs::remove_all(root_ / "lab/two");
  record("lab/two", 80, "another");
  options.json = true;
  const auto json = printed([&] { return history_command(options); }, code);
  EXPECT_THAT(json, HasSubstr("\"value\": 36000.0"));
  EXPECT_THAT(json, Not(HasSubstr("\"one\"")));
  EXPECT_THAT(json, Not(HasSubstr("18000.0")));

  options.labels = {"arm=absent"};
  printed([&] { return history_command(options); }, code);
  EXPECT_EQ(code, kNotApplicable);
  options.labels = {"arm"};
  printed([&] { return history_command(options); }, code);
  EXPECT_EQ(code, kFailed);
  options.labels.clear();
  options.metric = "gaps_over_11us";
  printed([&] { return history_command(options); }, code);
  EXPECT_EQ(code, kFailed);
}

TEST_F(Recordings, TheVerbComparesThemAsItsTestsSay) {
  std::string base, now;
  for (int i = 0; i < 6; ++i) {
    base += (i == 0 ? "base=" : ",") + record(fmt::format("b{}", i), i).string();
    now += (i == 0 ? "new=" : ",") + record(fmt::format("n{}", i), 40 + i).string();
  }
  CompareOptions options;
  options.request.groups = {base, now};
  options.cover_letter = true;
  int code = -1;
  const auto letter = printed([&] { return compare_command(options); }, code);
  EXPECT_EQ(code, kDone);
  test::expect_page(letter, 72);
  EXPECT_THAT(letter, testing::ContainsRegex("gaps >10us/CPU-h.* 2\\.[0-9]+x \\*"));
  EXPECT_THAT(letter, HasSubstr("n = 6 and 6 sessions"));
  options.request.groups = {base};
  printed([&] { return compare_command(options); }, code);
  EXPECT_EQ(code, kFailed);
}

TEST_F(Recordings, SessionsWhoseArmsAreComparedCountOnce) {
  CompareOptions options;
  options.request.groups = {record("a").string() + "," + record("b").string()};
  options.request.arms = {"idle", "noise"};
  int code = -1;
  const auto text = printed([&] { return compare_command(options); }, code);
  EXPECT_THAT(text, HasSubstr("in how many of the 2 sessions"));
}

TEST(ProfileFile, NamesAndHashes) {
  EXPECT_TRUE(find_profile("quick").value().ends_with("profiles/quick.yaml"));
  EXPECT_EQ(find_profile("some/where.yaml").value(), "some/where.yaml");
  EXPECT_THAT(find_profile("quik").error().text(), HasSubstr("lpc2022"));
  EXPECT_TRUE(check_profile_hash("", "0123456789", "x"));
  EXPECT_TRUE(check_profile_hash("01234567", "0123456789", "x"));
  EXPECT_FALSE(check_profile_hash("0123", "0123456789", "x"));
  EXPECT_THAT(check_profile_hash("ffffffff", "0123456789", "x").error().text(),
              HasSubstr("not the profile with the hash ffffffff"));
}

}  // namespace
}  // namespace isolab
