// SPDX-License-Identifier: Apache-2.0
#include "analysis/checks/budget.h"

#include <gmock/gmock.h>

#include "analysis/analyse.h"
#include "tests/support/recording_builder.h"

namespace isolab {
namespace {

TEST(BudgetLimit, IsInTheMetricsUnit) {
  EXPECT_EQ(*budget_limit("gap_max", "100us"), 100);
  EXPECT_EQ(*budget_limit("gap_max", "1.5ms"), 1500);
  EXPECT_EQ(*budget_limit("loop_floor", "1us"), 1000);
  EXPECT_EQ(*budget_limit("gaps_over_10us", "12/h"), 12);
  EXPECT_EQ(*budget_limit("gaps_over_10us", "12"), 12);
  EXPECT_EQ(*budget_limit("interrupts_per_second", "0.5/s"), 0.5);
  EXPECT_EQ(*budget_limit("time_lost", "20us/s"), 20);
  EXPECT_EQ(*budget_limit("clock_drift", "5ppm"), 5);
}

TEST(BudgetLimit, RefusesWhatItCannotCompare) {
  EXPECT_FALSE(budget_limit("gap_max", "100"));
  EXPECT_FALSE(budget_limit("gaps_over_10us", "12/s"));
  EXPECT_FALSE(budget_limit("gaps_over_10us", "-1"));
  EXPECT_FALSE(budget_limit("no_such_metric", "1"));
  EXPECT_FALSE(budget_limit("cpu_time", "1%"));  // neither more nor less is better
  EXPECT_THAT(budget_metrics(), ::testing::Not(::testing::Contains("cpu_time")));
  EXPECT_THAT(budget_metrics(), ::testing::Contains("gap_max"));
}

std::vector<Verdict> verdicts(const std::string& metric, double limit) {
  test::RecordingBuilder builder;
  builder.recording().plan.budgets = {{metric, "", limit, "limit", "reason"}};
  builder.recording().plan.measured = {1, 2};
  builder.window(builder.arm("idle"), {2, 30}).probe.cpus.push_back(test::busy_cpu(2, 10, {40}));
  builder.recording().plan.arms[static_cast<std::size_t>(builder.arm("none"))].not_applicable =
      "no such kernel";
  return analyse(builder.recording()).verdicts;
}

TEST(BudgetLimit, OfTheCommandLine) {
  const auto limit = parse_limit("gap_max=20us");
  ASSERT_TRUE(limit);
  EXPECT_EQ(*limit, (Budget{"gap_max", "", 20, "20us", "--limit"}));
  EXPECT_THAT(parse_limit("gap_max").error().what, ::testing::HasSubstr("has no \"=\""));
  EXPECT_FALSE(parse_limit("gap_max="));
  EXPECT_FALSE(parse_limit("none=1us"));
}

TEST(Budget, OneThatWasJudgedNowhereIsNamedOnce) {
  auto all = verdicts("gap_max", 100);
  EXPECT_TRUE(unjudged_budgets(all).empty());
  all = verdicts("wakeup_max", 20);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(unjudged_budgets(all), (std::vector<std::string>{"wakeup_max <= limit: not measured"}));
}

TEST(Budget, TheWorstCpuDecides) {
  EXPECT_EQ(verdicts("gap_max", 39)[0].outcome, "broken");
  EXPECT_THAT(verdicts("gap_max", 39)[0].text, ::testing::HasSubstr("gap_max 40 us"));
  EXPECT_EQ(verdicts("gap_max", 41)[0].outcome, "kept");
}

TEST(Budget, ACountIsOnlyKeptWhereItsUpperBoundIs) {
  EXPECT_EQ(verdicts("gaps_over_50us", 100)[0].outcome,
            "not proven");  // 0, but < 1078/h per CPU at 95 %
  EXPECT_EQ(verdicts("gaps_over_50us", 2000)[0].outcome, "kept");
  EXPECT_EQ(verdicts("gaps_over_20us", 100)[0].outcome, "broken");
}

TEST(Budget, ArmsThatCouldNotRunSayWhy) {
  const auto all = verdicts("gap_max", 100);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].outcome, "not applicable");
  EXPECT_EQ(all[1].text, "no such kernel");
}

}  // namespace
}  // namespace isolab
