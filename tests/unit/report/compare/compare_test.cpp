// SPDX-License-Identifier: Apache-2.0
// What `isolab compare` prints, byte for byte.
#include <gmock/gmock.h>

#include "analysis/compare.h"
#include "analysis/model/comparison.h"
#include "analysis/model/metric_list.h"
#include "report/compare/tables.h"
#include "report/compare/text.h"
#include "report/html/page.h"
#include "report/json/comparison_json.h"
#include "tests/support/compare_sessions.h"
#include "tests/support/golden_file.h"

namespace isolab {
namespace {

using testing::HasSubstr;
using testing::Not;

const CompareContext kContext{
    {"False positives of this set-up: 1 of 212 tests flagged (0.5%) between 12 A/A sessions."},
    "lpc2022"};

Comparison letter(std::uint64_t sessions = 6) {
  static std::vector<test::LetterSessions> kept;
  kept.push_back(test::letter_sessions(sessions));
  return compare(kept.back().groups, {}).value();
}

TEST(CompareText, Terminal) {
  const auto text = render_comparison(letter(), kContext, true);
  test::expect_page(text, 100);
  test::expect_golden("compare/terminal.txt", text);
}

TEST(CompareText, ByDefaultTheSignificantRowsAlone) {
  const auto text = render_comparison(letter(), kContext, false);
  test::expect_page(text, 100);
  test::expect_golden("compare/significant.txt", text);
  // Every row is shown or counted.
  std::size_t rows = 0, significant = 0;
  for (const auto& table : compare_tables(letter(), 1))
    for (const auto& row : table.rows) {
      ++rows;
      if (!row.significant) continue;
      ++significant;
      EXPECT_THAT(text, HasSubstr("  " + row.name)) << row.name;
    }
  ASSERT_EQ(rows, 22u);
  ASSERT_EQ(significant, 7u);
  EXPECT_THAT(text, HasSubstr("Rows not shown: 8 not significant (~), 7 not tested."));
}

TEST(CompareText, WhereNothingCanBeJudgedTheMainRowsAreShown) {
  const auto text = render_comparison(letter(4), kContext, false);
  test::expect_page(text, 100);
  EXPECT_THAT(text, HasSubstr("no verdicts: the smallest group has 4 sessions"));
  EXPECT_THAT(text, testing::ContainsRegex("do_flush_tlb_all run .*n<6"));
  EXPECT_THAT(text, HasSubstr("Rows not shown: 4 not tested."));
}

TEST(CompareText, WithoutAnyDifferenceItSaysSo) {
  auto same = letter();
  for (auto& metric : same.metrics)
    for (auto& change : metric.changes)
      if (change.outcome != Outcome::not_judged) change.outcome = Outcome::same;
  EXPECT_THAT(render_comparison(same, kContext, false),
              HasSubstr("\nNo row differs significantly.\nRows not shown: "));
}

TEST(CompareText, OfCommandLinesTheDifferingWordsAreShown) {
  auto both = letter();
  both.differences.push_back({"kernel.command_line",
                              {"quiet isolcpus=1 ro", "quiet isolcpus=1 mitigations=off ro"},
                              false,
                              false});
  EXPECT_THAT(render_comparison(both, kContext, false),
              HasSubstr("kernel.command_line differs: base (none), patched \"mitigations=off\""));
  EXPECT_THAT(render_comparison(both, kContext, true),
              HasSubstr("base \"quiet isolcpus=1 ro\", patched \"quiet"));
}

TEST(CompareText, CoverLetter) {
  const auto text = render_cover_letter(letter(), kContext);
  test::expect_page(text, 72);
  test::expect_golden("compare/cover_letter.txt", text);
}

TEST(CompareText, CoverLetterOfTooFewSessionsWithAnotherMicrocode) {
  auto sessions = test::letter_sessions(4);
  sessions.kept[5]->facts["cpu.microcode"] = "0x2";
  sessions.kept[0]->arms[1].windows_left_out = 1;
  const auto text = render_cover_letter(compare(sessions.groups, {}).value(), {{}, "lpc2022"});
  test::expect_page(text, 72);
  test::expect_golden("compare/too_few.txt", text);
}

TEST(CompareText, Json) {
  test::expect_golden("compare/letter.json", comparison_to_json(letter()));
}

TEST(CompareText, HtmlHasEverythingInIt) {
  const auto text = render_html(
      letter(), kContext, {{"a-chart", "<?xml version=\"1.0\"?>\n<svg id=\"here\"></svg>"}}, "");
  EXPECT_THAT(text, HasSubstr("<figure id=\"a-chart\"><svg id=\"here\"></svg></figure>"));
  EXPECT_THAT(text, Not(HasSubstr("<?xml")));
  EXPECT_THAT(text, Not(HasSubstr("http:")));
  EXPECT_THAT(text, Not(HasSubstr("https:")));
  EXPECT_THAT(text, HasSubstr("\"default-src 'none'; script-src 'sha256-"));
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
  for (const auto& text : {render_comparison(fall, {}, true), render_cover_letter(fall, {}),
                           render_html(fall, {}, {}, "no charts")})
    EXPECT_THAT(text, testing::ContainsRegex("reschedule IPIs.*to 0 \\((<|&lt;)39"));
  for (const auto& text : {render_comparison(rise, {}, true), render_cover_letter(rise, {}),
                           render_html(rise, {}, {}, "no charts")})
    EXPECT_THAT(text, testing::ContainsRegex("reschedule IPIs.*from 0 \\((>|&gt;)0"));
  EXPECT_THAT(comparison_to_json(fall), HasSubstr("\"ratio\": 0.0"));
  EXPECT_THAT(comparison_to_json(rise), HasSubstr("\"ratio\": \"inf\""));
}

TEST(CompareTables, TheReproduceLineNamesProfileHashAndSessions) {
  auto one = letter();
  EXPECT_EQ(reproduce_command(one, "lpc2022"),
            "isolab run lpc2022 --hash 0123456789abcdef --sessions 6");
  one.command_line = {"isolab", "run", "my own/profile.yaml"};
  EXPECT_THAT(reproduce_command(one, ""), HasSubstr("run 'my own/profile.yaml' --hash"));
  one.command_line = {"isolab", "run", "/root/profiles/kernels.yaml", "--booted", "6.1"};
  one.groups[0].facts["kernel.command_line"] = "quiet isolab.vm=tcg -- vm guest";
  EXPECT_EQ(reproduce_command(one, "kernels"),
            "isolab vm run kernels --hash 0123456789abcdef --sessions 6");
  one.command_line = {"build/isolab", "vm",  "run",      "mine.yaml", "--sessions",  "2",
                      "-o",           "out", "--append", "a=1 b",     "--kernel=6.1"};
  EXPECT_EQ(reproduce_command(one, ""),
            "isolab vm run mine.yaml --hash 0123456789abcdef --sessions 6 --append 'a=1 b' "
            "--kernel=6.1");
}

}  // namespace
}  // namespace isolab
