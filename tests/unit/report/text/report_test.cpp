// SPDX-License-Identifier: Apache-2.0
// The text report of a hand-made recording, byte for byte. After a wanted change:
// ISOLAB_UPDATE_GOLDEN=1 build/unit_runner --gtest_filter='Report*', then read the diff.
#include "report/text/report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <ctime>

#include "analysis/analyse.h"
#include "report/json/findings_json.h"
#include "report/text/format.h"
#include "tests/support/golden_file.h"
#include "tests/support/recorded_warning.h"
#include "tests/support/report_recordings.h"

namespace isolab {
namespace {

using test::expect_golden;
using test::expect_page;

TEST(Report, OfABusyLoop) {
  const auto text = render_report(analyse(test::busy_loop_recording()), {});
  expect_page(text);
  expect_golden("report/busy_loop.txt", text);
}

TEST(Report, OfCyclictestOnTwoCpus) {
  const auto text = render_report(analyse(test::cyclictest_recording()), {});
  expect_page(text);
  expect_golden("report/cyclictest.txt", text);
}

TEST(Report, OfARunWithoutProbeThatWasCutShort) {
  const auto text = render_report(analyse(test::cut_short_recording()), {});
  expect_page(text);
  expect_golden("report/cut_short.txt", text);
}

TEST(Report, SaysWhatExpectedIpisFollowFromAndWhyNoneAreExpected) {
  auto recording = test::busy_loop_recording();
  for (auto& window : recording.windows)
    for (auto& work : window.work) {
      if (work.workload == "static_key_toggle") {
        work.expected_ipis_per_op = 0;
        work.notes["expected_source"] = "kernel flushes are broadcast by hardware, 0 IPIs: INVLPGB";
      } else if (work.workload == "direct_map") {
        work.expected_ipis_per_op = -1;
        work.notes["expected_source"] = "the configuration cannot be read";
      }
    }
  const auto text = render_report(analyse(recording), {});
  expect_page(text);
  EXPECT_THAT(text, testing::ContainsRegex("direct_map +tlb +2.00k +2.00 +- +not applicable\n"));
  EXPECT_THAT(text, testing::HasSubstr("  direct_map: the configuration cannot be read\n"));
  EXPECT_THAT(text, testing::HasSubstr("  static_key_toggle: kernel flushes are broadcast by "
                                       "hardware, 0 IPIs: INVLPGB\n"));
  EXPECT_THAT(text, testing::HasSubstr("2.00 tlb IPIs per operation"));
}

/// Processor time of a report over so many CPUs, whose counts are known of one.
double seconds_of_report(int cpus) {
  auto recording = test::busy_loop_recording();
  recording.plan.measured = CpuSet::parse(fmt::format("1-{}", cpus)).value();
  for (auto& window : recording.windows)
    for (int cpu = 2; cpu <= cpus; ++cpu) {
      window.cpu_times.push_back(window.cpu_times.front());
      window.cpu_times.back().cpu = cpu;
    }
  const std::clock_t begin = std::clock();
  const auto text = render_report(analyse(recording), {});
  EXPECT_THAT(text, testing::HasSubstr(fmt::format("idle / CPU {} ", cpus)));
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

TEST(Report, TimeGrowsWithTheCpusAndNotWithTheirSquare) {
  const double few = seconds_of_report(250);
  EXPECT_LT(seconds_of_report(1000), 10 * few);  // 4 times as many; squared, 16
}

TEST(Report, TooFewOperationsAreNotAsExpected) {
  auto recording = test::busy_loop_recording();
  for (auto& window : recording.windows)
    for (auto& work : window.work)
      if (work.workload == "direct_map") {
        work.at_end["toggles"] = work.at_start["toggles"] + 3;
        for (auto& row : window.interrupts)
          if (row.kind == "tlb") row.after[1] = row.before[1] + 1;
      }
  const auto text = render_report(analyse(recording), {});
  expect_page(text);
  EXPECT_THAT(text, testing::ContainsRegex("direct_map +tlb +6 +0.33 +1.00 too few operations\n"));
  EXPECT_THAT(text, testing::HasSubstr("  direct_map: too few operations to tell; about "));
}

TEST(Report, NoNegativeZeroPerOperation) {
  EXPECT_EQ(per_operation(-0.0004), "0.00");
  EXPECT_EQ(per_operation(-0.006), "-0.01");
  EXPECT_EQ(per_operation(16), "16.00");
}

TEST(Report, ColourOnlyWhenAsked) {
  const auto findings = analyse(test::busy_loop_recording());
  EXPECT_EQ(render_report(findings, {}).find('\x1b'), std::string::npos);
  EXPECT_NE(render_report(findings, {true}).find("\x1b[1m"), std::string::npos);
}

TEST(Report, WarningsOfOneKindStandTogether) {
  Findings findings;
  for (int i = 1; i <= 6; ++i)
    findings.warnings.push_back(
        {test::recorded_warning("stolen", fmt::format("{} s were stolen", i), "why", "do"), {}, 1});
  findings.warnings.insert(findings.warnings.begin() + 1,
                           {test::recorded_warning("other", "something else"), {}, 1});
  const auto text = render_report(findings, {});
  EXPECT_THAT(
      text, testing::HasSubstr("  1 1 s were stolen\n    2 s were stolen\n    3 s were stolen\n"
                               "    4 s were stolen\n    and 2 more of this kind: isolab analyse\n"
                               "    why: why\n    do:  do\n  2 something else\n"));
}

TEST(FindingsJson, OfABusyLoop) {
  expect_golden("findings/busy_loop.json", findings_to_json(analyse(test::busy_loop_recording())));
}

TEST(ReportFormat, WrapsAtSpacesAndKeepsLongWords) {
  const std::string word(120, 'x');
  EXPECT_EQ(wrapped("a: ", 3, "b " + word + " c"), "a: b\n   " + word + "\n   c\n");
  EXPECT_EQ(wrapped("  ", 2, ""), "  \n");
  EXPECT_EQ(wrapped("", 0, "tab\there\x01"), "tab here?\n");
}

TEST(ReportFormat, LongNamesGetALineOfTheirOwn) {
  TextTable table({"arm", "x"}, 6);
  table.row({"short", "1"});
  table.row({"much too long", "22"});
  EXPECT_EQ(table.text(), "arm     x\nshort   1\nmuch too long\n       22\n");
}

TEST(ReportFormat, NumbersAreShort) {
  EXPECT_EQ(short_number(12345), "12.3k");
  EXPECT_EQ(short_number(0.04512), "0.0451");
  EXPECT_EQ(short_number(812), "812");
  EXPECT_EQ(short_span(30), "30 s");
}

}  // namespace
}  // namespace isolab
