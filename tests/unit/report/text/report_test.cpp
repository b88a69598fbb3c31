// SPDX-License-Identifier: Apache-2.0
// The text report of a hand-made recording, byte for byte. After a wanted change:
// ISOLAB_UPDATE_GOLDEN=1 build/tests/unit_report --gtest_filter='Report*', then read the diff.
#include "report/text/report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <ctime>
#include <iterator>
#include <sstream>

#include "analysis/analyse.h"
#include "report/json/findings_json.h"
#include "report/text/format.h"
#include "report/text/machine_text.h"
#include "tests/support/golden_file.h"
#include "tests/support/recorded_warning.h"
#include "tests/support/report_recordings.h"

namespace isolab {
namespace {

using test::expect_golden;
using test::expect_page;

std::string whole(const Recording& recording) {
  return render_report(analyse(recording), {}).value();
}

TEST(Report, OfABusyLoop) {
  const auto text = whole(test::busy_loop_recording());
  expect_page(text);
  expect_golden("report/busy_loop.txt", text);
}

TEST(Report, OfCyclictestOnTwoCpus) {
  const auto text = whole(test::cyclictest_recording());
  expect_page(text);
  expect_golden("report/cyclictest.txt", text);
}

TEST(Report, OfARunWithoutProbeThatWasCutShort) {
  const auto text = whole(test::cut_short_recording());
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
  const auto text = whole(recording);
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
  const auto text = whole(recording);
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
  const auto text = whole(recording);
  expect_page(text);
  EXPECT_THAT(text, testing::ContainsRegex("direct_map +tlb +6 +0.33 +1.00 too few operations\n"));
  EXPECT_THAT(text, testing::HasSubstr("  direct_map: too few operations for a verdict; about "));
}

TEST(Report, NoNegativeZeroPerOperation) {
  EXPECT_EQ(per_operation(-0.0004), "0.00");
  EXPECT_EQ(per_operation(-0.006), "-0.01");
  EXPECT_EQ(per_operation(16), "16.00");
}

TEST(Report, EverySectionCanBeAskedForByItsName) {
  const auto findings = analyse(test::busy_loop_recording());
  std::string all;
  for (const auto& [name, summary] : report_sections()) {
    EXPECT_FALSE(summary.empty()) << name;
    const auto text = render_report(findings, {.sections = {name}}).value();
    if (text == name + ": this recording has nothing to show\n") continue;
    all += (all.empty() ? "" : "\n") + text;
  }
  EXPECT_EQ(all, whole(test::busy_loop_recording()));
}

TEST(Report, SectionsComeInTheOrderOfTheReport) {
  const auto findings = analyse(test::busy_loop_recording());
  const auto text = render_report(findings, {.sections = {"warnings", "ipis"}}).value();
  EXPECT_TRUE(text.starts_with("IPIs per operation")) << text;
  EXPECT_THAT(text, testing::HasSubstr("\n\nWarnings\n--------\n"));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("question")));
}

TEST(Report, ASectionThatDoesNotExistIsAnErrorWithTheNamesOfThoseThatDo) {
  const auto report = render_report({}, {.sections = {"ipis", "gap"}});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind, ErrorKind::usage);
  EXPECT_EQ(report.error().what, "the report has no section \"gap\"");
  EXPECT_THAT(report.error().hint, testing::HasSubstr("machine, verdicts, budget, gaps, lengths"));
}

TEST(Report, TheKernelCommandLineIsWholeInFullOnly) {
  Findings findings;
  findings.facts = {{"kernel.release", "6.12"}, {"kernel.command_line", "quiet nohz_full=2 ro"}};
  EXPECT_THAT(render_report(findings, {}).value(),
              testing::HasSubstr("kernel     6.12: nohz_full=2 and 2 others\n"));
  EXPECT_THAT(render_report(findings, {.full = true}).value(),
              testing::HasSubstr("kernel     6.12: quiet nohz_full=2 ro\n"));
}

TEST(Report, WarningsOfOneKindStandTogether) {
  Findings findings;
  for (int i = 1; i <= 6; ++i)
    findings.warnings.push_back(
        {test::recorded_warning("stolen", fmt::format("{} s were stolen", i), "why", "do"), {}, 1});
  findings.warnings.insert(findings.warnings.begin() + 1,
                           {test::recorded_warning("other", "something else"), {}, 1});
  const auto text = render_report(findings, {}).value();
  EXPECT_THAT(
      text, testing::HasSubstr("  1 1 s were stolen\n    2 s were stolen\n    3 s were stolen\n"
                               "    4 s were stolen\n    and 2 more of this kind: isolab analyse\n"
                               "    why: why\n    do:  do\n  2 something else\n"));
}

TEST(MachineText, ACommandLineIsShortenedToWhatBearsOnTheNumbers) {
  EXPECT_EQ(short_command_line("ro quiet isolcpus=2-3 nohz_full=2-3"),
            "isolcpus=2-3 nohz_full=2-3 and 2 others");
  EXPECT_EQ(short_command_line("quiet"), "1 other");
  EXPECT_EQ(short_command_line("mitigations=off"), "mitigations=off");
  EXPECT_EQ(short_command_line(""), "");
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

TEST(ReportFormat, FoldedLinesBreakBetweenCells) {
  EXPECT_EQ(folded("short\n", 20), "short\n");
  EXPECT_EQ(folded("arm   12.5 ms   3 us\n", 12), "arm\n    12.5 ms\n    3 us\n");
  EXPECT_EQ(folded("  took 12.5 ms in all\n", 14), "  took 12.5 ms\n      in all\n");
  EXPECT_EQ(folded(std::string(30, 'x') + "\n", 12), std::string(30, 'x') + "\n");
}

TEST(ReportFormat, EveryLineOfAReportFits80ColumnsWhenFolded) {
  for (const auto& recording : {test::busy_loop_recording(), test::cyclictest_recording()}) {
    const auto text = whole(recording);
    const auto narrow = folded(text, 80);
    test::expect_page(narrow, 80);
    const auto words = [](const std::string& of) {
      std::istringstream in(of);
      return std::vector<std::string>(std::istream_iterator<std::string>(in), {});
    };
    std::vector<std::string> expected = words(text), found = words(narrow);
    for (auto* list : {&expected, &found})
      std::erase_if(*list, [](const auto& word) { return word.starts_with("===="); });
    EXPECT_EQ(found, expected);
  }
}

TEST(ReportFormat, NumbersAreShort) {
  EXPECT_EQ(short_number(12345), "12.3k");
  EXPECT_EQ(short_number(0.04512), "0.0451");
  EXPECT_EQ(short_number(812), "812");
  EXPECT_EQ(short_span(30), "30 s");
}

}  // namespace
}  // namespace isolab
