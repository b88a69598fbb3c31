// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/interrupt_rows.h"

#include <gmock/gmock.h>

#include "analysis/analyse.h"
#include "analysis/metrics/ipis_per_op.h"
#include "analysis/model/windows.h"
#include "tests/support/recording_builder.h"

namespace isolab {
namespace {

using test::RecordingBuilder;

const Metric* rate(const Findings& findings, const std::string& name, const std::string& arm,
                   const std::string& row) {
  return find_metric(findings, name, {{"arm", arm}, {"cpu", "all"}, {"row", row}});
}

/// Idle: 10 function calls in 10 s. Toggling: 3010 in 10 s, 1000 operations.
RecordingBuilder toggling(double expected) {
  RecordingBuilder builder;
  const int idle = builder.arm("idle");
  const int toggle = builder.arm("toggle", {"static_key_toggle"});
  builder.window(idle, {}).interrupts = {test::calls(10), test::shootdowns(0)};
  auto& window = builder.window(toggle, {});
  window.interrupts = {test::calls(3010), test::shootdowns(2)};
  window.work = {test::work_of("static_key_toggle", 1000, expected, "function_call")};
  return builder;
}

TEST(RowName, IsTheSameOnEveryArchitectureWhereItMeansTheSame) {
  EXPECT_EQ(row_name({"CAL", "Function call interrupts", "function_call", {}, {}}),
            "function_call");
  EXPECT_EQ(row_name({"IPI1", "Function call interrupts", "function_call", {}, {}}),
            "function_call");
  EXPECT_EQ(row_name({"24", "PCI-MSI 65536-edge nvme0q1", "device", {}, {}}), "irq 24 nvme0q1");
  EXPECT_EQ(row_name({"RCU", "RCU", "softirq", {}, {}}), "softirq RCU");
  EXPECT_EQ(row_name({"HRE", "Hyper-V reenlightenment", "other", {}, {}}), "other HRE");
}

TEST(InterruptMetrics, RatesOfTheMeasuredCpuOnly) {
  const auto findings = analyse(toggling(3).recording());
  EXPECT_DOUBLE_EQ(*rate(findings, "interrupts_per_second", "idle", "function_call")->value, 1);
  EXPECT_DOUBLE_EQ(*rate(findings, "interrupts_per_second", "toggle", "function_call")->value, 301);
  EXPECT_DOUBLE_EQ(*rate(findings, "interrupts_per_second", "toggle", "tlb")->value, 0.2);
  const auto* zero = rate(findings, "interrupts_per_second", "idle", "tlb");
  EXPECT_EQ(*zero->value, 0);
  EXPECT_NEAR(*zero->upper95, 0.2995732274, 1e-9);
}

TEST(InterruptMetrics, ARowThatWrapsKeepsItsCount) {
  auto builder = toggling(3);
  auto& row = builder.recording().windows[1].interrupts[0];
  row.before[1] = 4'294'967'290U;
  row.after[1] = (row.before[1] + 3010) & 0xffff'ffffU;
  const auto findings = analyse(builder.recording());
  EXPECT_DOUBLE_EQ(*rate(findings, "interrupts_per_second", "toggle", "function_call")->value, 301);
  const auto* per_op = find_metric(findings, "ipis_per_op", {{"arm", "toggle"}});
  ASSERT_NE(per_op, nullptr);
  EXPECT_DOUBLE_EQ(*per_op->value, 3);
  for (const auto& found : findings.warnings) EXPECT_NE(found.warning.id, "expectation_mismatch");
}

TEST(InterruptMetrics, ACpuThatWasOfflineAtAnEdgeHasNoRate) {
  auto builder = toggling(3);
  for (auto& row : builder.recording().windows[1].interrupts) row.before.erase(1);
  const auto findings = analyse(builder.recording());
  const auto* metric = rate(findings, "interrupts_per_second", "toggle", "function_call");
  ASSERT_NE(metric, nullptr);
  EXPECT_FALSE(metric->value);
  const auto* per_op = find_metric(findings, "ipis_per_op", {{"arm", "toggle"}});
  ASSERT_NE(per_op, nullptr);
  EXPECT_FALSE(per_op->value);
}

TEST(InterruptMetrics, DifferenceToIdle) {
  const auto findings = analyse(toggling(3).recording());
  const auto* over = rate(findings, "interrupts_over_idle", "toggle", "function_call");
  ASSERT_NE(over, nullptr);
  EXPECT_DOUBLE_EQ(*over->value, 300);
  EXPECT_GT(*over->lower95, 288);
  EXPECT_LT(*over->upper95, 312);
  EXPECT_EQ(rate(findings, "interrupts_over_idle", "idle", "function_call"), nullptr);
}

TEST(InterruptMetrics, RowsThatNeverGrewAreNotShownUnlessTheyAreIpis) {
  auto builder = toggling(3);
  builder.recording().windows.front().interrupts.push_back(
      test::grown_row("24", "nvme0q1", "device", 0));
  builder.recording().windows.front().interrupts.push_back(
      test::grown_row("25", "eth0", "device", 4));
  const auto findings = analyse(builder.recording());
  EXPECT_EQ(rate(findings, "interrupts_per_second", "idle", "irq 24 nvme0q1"), nullptr);
  EXPECT_DOUBLE_EQ(*rate(findings, "interrupts_per_second", "idle", "irq 25 eth0")->value, 0.4);
  EXPECT_DOUBLE_EQ(*rate(findings, "interrupts_per_second", "toggle", "irq 25 eth0")->value, 0);
}

TEST(InterruptMetrics, ACpuThatNoReadingHasIsWarnedOfAndHasNoRows) {
  auto builder = toggling(3);
  builder.recording().plan.measured = {1, 7};
  const auto findings = analyse(builder.recording());
  const auto* known = find_metric(findings, "interrupts_per_second", {{"cpu", "1"}});
  ASSERT_NE(known, nullptr);
  EXPECT_TRUE(known->value);
  EXPECT_EQ(find_metric(findings, "interrupts_per_second", {{"cpu", "7"}}), nullptr);
  EXPECT_TRUE(std::any_of(findings.warnings.begin(), findings.warnings.end(), [](const auto& one) {
    return one.warning.id == "cpu_offline_at_edge" &&
           one.warning.seen.find("has no CPU 7 ") != std::string::npos;
  }));
}

TEST(InterruptMetrics, ADeviceThatWentAwayCountsNothing) {
  auto row = test::grown_row("36", "nvme0q1", "device", 0);
  row.before[1] = 1000, row.after[1] = 0;
  EXPECT_EQ(row.gained(1), 0u);
}

TEST(IpisPerOp, BackgroundIsTakenOff) {
  const auto findings = analyse(toggling(3).recording());
  const auto* metric = find_metric(findings, "ipis_per_op", {{"workload", "static_key_toggle"}});
  ASSERT_NE(metric, nullptr);
  EXPECT_DOUBLE_EQ(*metric->value, 3);  // (3010 - 10) / 1000
  EXPECT_EQ(metric->n, 1000u);
}

TEST(IpisPerOp, AMismatchIsAWarningAndNotAFailure) {
  auto builder = toggling(6);
  const auto findings = analyse(builder.recording());
  const auto found =
      std::find_if(findings.warnings.begin(), findings.warnings.end(),
                   [](const auto& one) { return one.warning.id == "expectation_mismatch"; });
  ASSERT_NE(found, findings.warnings.end());
  EXPECT_EQ(
      found->warning.seen,
      "static_key_toggle: 3 function_call interrupts per operation on a measured CPU, 6 expected");
  EXPECT_EQ(found->arms, std::vector<std::string>{"toggle"});
}

TEST(IpisPerOp, ToleranceGrowsWithFewOperationsAndBackground) {
  auto builder = toggling(3);
  auto& window = builder.recording().windows.back();
  window.work = {test::work_of("static_key_toggle", 4, 3, "function_call")};
  window.interrupts = {test::calls(10 + 16)};  // 4 per operation
  const auto arms = pool_windows(builder.recording());
  const auto all = ipis_per_op(arms, 0, builder.recording().plan.measured);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_DOUBLE_EQ(all.front().measured, 4);
  // 0.1 * 3 + (4 * sqrt(10 + 26) + 2 * 4) / 4
  EXPECT_NEAR(all.front().tolerance, 0.3 + (4 * 6 + 8) / 4.0, 1e-9);
  EXPECT_FALSE(all.front().differs);
}

/// The verdict's metric for `ops` operations, `calls` interrupts beside `idle_calls` in idle.
Metric verdict_on(std::uint64_t ops, double expected, std::uint64_t calls,
                  std::uint64_t idle_calls) {
  auto builder = toggling(expected);
  builder.recording().windows.front().interrupts = {test::calls(idle_calls)};
  auto& window = builder.recording().windows.back();
  window.work = {test::work_of("static_key_toggle", ops, expected, "function_call")};
  window.interrupts = {test::calls(calls)};
  const auto findings = analyse(builder.recording());
  const auto* metric = find_metric(findings, "ipis_per_op_expected", {{"arm", "toggle"}});
  return metric == nullptr ? Metric{} : *metric;
}

TEST(IpisPerOp, TooFewOperationsProveNothingEitherWay) {
  for (const std::uint64_t calls : {2U, 10U, 20U})
    EXPECT_EQ(verdict_on(10, 1, calls, 0).verdict, "too few operations") << calls;
  EXPECT_EQ(verdict_on(4, 0, 1, 0).verdict, "too few operations");
  EXPECT_EQ(verdict_on(10, 1, 200, 0).verdict, "different");  // so many are no scatter
  EXPECT_EQ(verdict_on(10, 1, 0, 0).verdict, "different");    // nor is none of ten
  EXPECT_EQ(verdict_on(1000, 1, 1000, 0).verdict, "as expected");
  EXPECT_EQ(verdict_on(1000, 0, 3, 0).verdict, "as expected");
  EXPECT_EQ(verdict_on(1000, 1, 500, 0).verdict, "different");
}

TEST(IpisPerOp, SaysHowManyOperationsWouldTell) {
  for (const double expected : {0.0, 1.0, 16.0})
    for (const std::uint64_t idle : {0U, 50U, 900U}) {
      const auto few = verdict_on(10, expected, idle, idle);
      if (few.verdict != "too few operations") continue;
      const std::uint64_t needed = few.operations_needed;
      ASSERT_GT(needed, 10U);
      // Windows longer by the same factor, in which as many arrive as expected, and then none.
      const std::uint64_t background = idle * needed / 10 + 1;
      const auto all = static_cast<std::uint64_t>(expected * static_cast<double>(needed));
      EXPECT_EQ(verdict_on(needed + 1, expected, background + all, background).verdict,
                "as expected");
      EXPECT_EQ(verdict_on(needed / 2, expected, (background + all) / 2, background / 2).verdict,
                "too few operations");
      if (expected > 0) {
        EXPECT_EQ(verdict_on(needed + 1, expected, background, background).verdict, "different");
      }
    }
}

TEST(IpisPerOp, WithoutAnIdleArmMoreThanExpectedMayBeTheMachine) {
  auto builder = toggling(1);  // 3010 in 1000 operations
  builder.recording().windows.front().status = "failed";
  auto findings = analyse(builder.recording());
  const auto* expected = find_metric(findings, "ipis_per_op_expected", {{"arm", "toggle"}});
  ASSERT_NE(expected, nullptr);
  EXPECT_EQ(expected->verdict, "background unknown");
  for (const auto& found : findings.warnings) EXPECT_NE(found.warning.id, "expectation_mismatch");
  builder.recording().windows.back().work.front().expected_ipis_per_op = 9;
  findings = analyse(builder.recording());  // fewer than expected is no background
  expected = find_metric(findings, "ipis_per_op_expected", {{"arm", "toggle"}});
  EXPECT_EQ(expected->verdict, "different");
}

TEST(IpisPerOp, ABurstyBackgroundIsNoDifferentKernel) {
  auto builder = toggling(0);
  builder.window(0, {}).interrupts = {test::calls(400)};  // the other idle window had 10
  auto& window = builder.recording().windows[1];
  window.interrupts = {test::calls(30)};
  const auto arms = pool_windows(builder.recording());
  const auto all = ipis_per_op(arms, 0, builder.recording().plan.measured);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_NEAR(all.front().measured, (30 - 410 / 2.0) / 1000, 1e-12);
  EXPECT_FALSE(all.front().differs);
}

TEST(IpisPerOp, SaysWhyThereIsNoNumber) {
  auto builder = toggling(3);
  auto& window = builder.recording().windows.back();
  window.work.push_back(test::work_of("membarrier", 10, 1, "function_call"));
  auto findings = analyse(builder.recording());
  EXPECT_EQ(find_metric(findings, "ipis_per_op", {{"workload", "membarrier"}})->not_applicable,
            "another workload of this arm sends to the same row");
  window.work = {test::work_of("static_key_toggle", 0, 3, "function_call")};
  findings = analyse(builder.recording());
  EXPECT_EQ(find_metric(findings, "ipis_per_op", {})->not_applicable, "no operation in the window");
  window.work = {test::work_of("static_key_toggle", 10, 3, "irq_work")};
  findings = analyse(builder.recording());
  EXPECT_EQ(find_metric(findings, "ipis_per_op", {})->not_applicable,
            "the row was not recorded here");
}

}  // namespace
}  // namespace isolab
