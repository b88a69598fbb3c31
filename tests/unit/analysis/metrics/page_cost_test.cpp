// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <algorithm>

#include "analysis/analyse.h"
#include "analysis/metrics/ipis_per_op.h"
#include "analysis/statistics/median.h"
#include "tests/support/recording_builder.h"

namespace isolab {
namespace {

using test::RecordingBuilder;

// Largest k with P(Bin(n, 1/2) < k) <= 0.025: the usual table of the sign test's interval.
TEST(MedianEstimate, IntervalIsThatOfTheSignTest) {
  for (const auto& [n, k] : {std::pair{6, 1}, {8, 1}, {9, 2}, {11, 2}, {12, 3}, {17, 5}, {20, 6}}) {
    std::vector<double> values;
    for (int i = n; i >= 1; --i) values.push_back(i);
    const auto estimate = median_estimate(values);
    ASSERT_TRUE(estimate && estimate->lower95 && estimate->upper95) << n;
    EXPECT_EQ(*estimate->lower95, k) << n;
    EXPECT_EQ(*estimate->upper95, n + 1 - k) << n;
    EXPECT_EQ(estimate->value, (n + 1) / 2.0) << n;
    EXPECT_EQ(estimate->repeats, n);
  }
}

TEST(MedianEstimate, FiveRepeatsCarryNoInterval) {
  const auto estimate = median_estimate({5, 1, 4, 2, 3});
  ASSERT_TRUE(estimate);
  EXPECT_EQ(estimate->value, 3);
  EXPECT_EQ(estimate->least, 1);
  EXPECT_EQ(estimate->most, 5);
  EXPECT_FALSE(estimate->lower95);
  EXPECT_FALSE(estimate->upper95);
  EXPECT_FALSE(median_estimate({}));
}

TEST(PublishedXpfo, IsWhatTheSeriesSays) {
  EXPECT_NEAR(kPublishedXpfo[0].ratio(), 2.614, 0.0005);
  EXPECT_NEAR(kPublishedXpfo[1].ratio(), 26.366, 0.0005);
}

struct Rounds {
  const char* system;
  const char* user;
  const char* elapsed;
  const char* pages;
};

/// Adds a window of an arm that builds on `heap` with these rounds.
void build(RecordingBuilder& builder, int arm, const Rounds& rounds, std::uint64_t pages_in_window,
           std::uint64_t calls) {
  auto& window = builder.window(arm, {});
  window.interrupts = {test::calls(calls)};
  WorkRecord work;
  work.workload = "kernel_build";
  work.at_start = {{"pages", 100}, {"units", 0}};
  work.at_end = {{"pages", 100 + pages_in_window}, {"units", 85}};
  work.op_count = "pages";
  work.notes = {{"round_system_s", rounds.system},
                {"round_user_s", rounds.user},
                {"round_elapsed_s", rounds.elapsed},
                {"round_pages", rounds.pages}};
  window.work = {work};
}

int build_arm(RecordingBuilder& builder, const std::string& heap) {
  const int arm = builder.arm(heap, {"kernel_build"});
  builder.recording().plan.arms.back().workloads.front().params = {{"heap", {heap}},
                                                                   {"target", {"lib/"}}};
  return arm;
}

/// Two repeats of memfd (2 s) and secret (12 and 10 s of system time; 200 000 pages).
RecordingBuilder experiment() {
  RecordingBuilder builder;
  builder.window(builder.arm("idle"), {}).interrupts = {test::calls(0)};
  const int memfd = build_arm(builder, "memfd");
  const int secret = build_arm(builder, "secret");
  build(builder, memfd, {"2.0 2.0", "10 10", "8 8", "200000 200000"}, 400000, 0);
  build(builder, secret, {"11.0 13.0", "12 12", "20 20", "200000 200000"}, 400000, 400400);
  build(builder, memfd, {"2.0", "10", "8", "200000"}, 200000, 0);
  build(builder, secret, {"10.0", "11", "18", "200000"}, 200000, 200200);
  for (auto& window : builder.recording().windows)
    for (auto& work : window.work)
      if (window.arm == secret) {
        work.expected_ipis_per_op = 1;
        work.expected_row = "function_call";
        work.notes["expected_ipis_per_split"] = "1";
      }
  return builder;
}

const PageCost& only(const Findings& findings) {
  EXPECT_EQ(findings.page_costs.size(), 1u);
  return findings.page_costs.front();
}

TEST(PageCosts, BuildOnSecretMemoryAgainstItsControl) {
  const auto findings = analyse(experiment().recording());
  const auto& cost = only(findings);
  EXPECT_EQ(cost.arm, "secret");
  EXPECT_EQ(cost.control, "memfd");
  EXPECT_EQ(cost.cpus, 2);
  EXPECT_EQ(cost.rounds, 3);
  EXPECT_DOUBLE_EQ(cost.ratio.value, 5.5);  // 12/2 and 10/2
  EXPECT_DOUBLE_EQ(cost.ratio.least, 5);
  EXPECT_DOUBLE_EQ(cost.ratio.most, 6);
  EXPECT_FALSE(cost.ratio.lower95);
  EXPECT_DOUBLE_EQ(cost.cost_us.value, 45);  // 10 s and 8 s over 200 000 pages
  EXPECT_DOUBLE_EQ(cost.user_ratio->value, 1.15);
  EXPECT_DOUBLE_EQ(cost.elapsed_ratio->value, 2.375);
  EXPECT_DOUBLE_EQ(cost.pages->value, 200000);
  EXPECT_NEAR(*cost.ipis_per_page, 1.001, 1e-9);
  EXPECT_DOUBLE_EQ(*cost.slope, 4.5);
}

TEST(PageCosts, TheModelPassesThroughTheMeasurementAndMarksTheRest) {
  const auto findings = analyse(experiment().recording());
  int measured = 0;
  for (const auto& line : only(findings).model) {
    EXPECT_DOUBLE_EQ(line.ratio, 1 + 4.5 * (line.cpus - 1)) << line.cpus;
    EXPECT_EQ(line.extrapolated, line.cpus != 2);
    measured += !line.extrapolated;
  }
  EXPECT_EQ(measured, 1);
  EXPECT_EQ(only(findings).model.back().cpus, 96);
}

TEST(PageCosts, OneCpuHasNoSlopeAndNoModel) {
  auto builder = experiment();
  builder.recording().facts["cpu.online"] = "0";
  const auto findings = analyse(builder.recording());
  EXPECT_FALSE(only(findings).slope);
  EXPECT_TRUE(only(findings).model.empty());
}

TEST(PageCosts, ArmsThatDifferInMoreThanTheirMemoryAreNotCompared) {
  auto builder = experiment();
  builder.recording().plan.arms[1].workloads.front().params["target"] = {"mm/"};
  EXPECT_TRUE(analyse(builder.recording()).page_costs.empty());
}

TEST(PageCosts, ARepeatWithoutARoundIsLeftOut) {
  auto builder = experiment();
  for (const char* note : {"round_system_s", "round_user_s", "round_elapsed_s", "round_pages"})
    builder.recording().windows.back().work.front().notes.erase(note);
  const auto findings = analyse(builder.recording());
  EXPECT_EQ(only(findings).ratio.repeats, 1);
  EXPECT_DOUBLE_EQ(only(findings).ratio.value, 6);
}

TEST(PageCosts, BecomeMetrics) {
  const auto findings = analyse(experiment().recording());
  const auto* ratio =
      find_metric(findings, "system_time_ratio", {{"arm", "secret"}, {"control", "memfd"}});
  ASSERT_NE(ratio, nullptr);
  EXPECT_DOUBLE_EQ(*ratio->value, 5.5);
  EXPECT_EQ(ratio->repeats, 2);
  const auto* system = find_metric(findings, "round_system_time", {{"arm", "secret"}});
  ASSERT_NE(system, nullptr);
  EXPECT_DOUBLE_EQ(*system->value, 11);  // the median of the repeats' means 12 and 10
  EXPECT_EQ(system->n, 3u);
}

/// One window of direct_map with 1 000 operations of 16 pages.
void touch(RecordingBuilder& builder, int arm, bool secret, std::uint64_t touch_ns) {
  auto& window = builder.window(arm, {});
  window.interrupts = {test::calls(secret ? 16500 : 0)};
  window.notes = {{"direct_map.level2_splits", secret ? "500" : "0"},
                  {"direct_map.level3_splits", "0"}};
  WorkRecord work;
  work.workload = "direct_map";
  work.at_start = {{"mappings", 0}, {"pages", 0}, {"touch_ns", 0}};
  work.at_end = {{"mappings", 1000}, {"pages", 16000}, {"touch_ns", touch_ns}};
  work.op_count = "mappings";
  work.expected_ipis_per_op = secret ? 16 : 0;
  work.expected_row = "function_call";
  if (secret) work.notes["expected_ipis_per_split"] = "1";
  window.work = {work};
}

RecordingBuilder touching() {
  RecordingBuilder builder;
  builder.window(builder.arm("idle"), {}).interrupts = {test::calls(0)};
  for (const bool secret : {false, true}) {
    const int arm = builder.arm(secret ? "secret" : "plain", {"direct_map"});
    builder.recording().plan.arms.back().workloads.front().params = {
        {"pages", {"16"}},
        {"rate", {secret ? "100/s" : "max"}},
        {"secret", {secret ? "true" : "false"}}};
    touch(builder, arm, secret, secret ? 320'000'000 : 32'000'000);
  }
  return builder;
}

TEST(PageCosts, TouchedPagesAgainstTheirControl) {
  const auto findings = analyse(touching().recording());
  const auto& cost = only(findings);
  EXPECT_EQ(cost.workload, "direct_map");
  EXPECT_DOUBLE_EQ(cost.arm_value, 20);
  EXPECT_DOUBLE_EQ(cost.control_value, 2);
  EXPECT_DOUBLE_EQ(cost.ratio.value, 10);
  EXPECT_DOUBLE_EQ(cost.cost_us.value, 18);
  EXPECT_DOUBLE_EQ(*cost.ipis_per_page, 16.5 / 16);
}

TEST(IpisPerOp, SplitsOfTheDirectMapAreExpectedAsTheyWereCounted) {
  const auto findings = analyse(touching().recording());
  const auto* expected = find_metric(findings, "ipis_per_op_expected", {{"arm", "secret"}});
  ASSERT_NE(expected, nullptr);
  EXPECT_DOUBLE_EQ(*expected->value, 16.5);
  EXPECT_EQ(expected->n, 500u);
  const auto* measured = find_metric(findings, "ipis_per_op", {{"arm", "secret"}});
  EXPECT_DOUBLE_EQ(*measured->value, 16.5);
  EXPECT_EQ(find_metric(findings, "ipis_per_op_expected", {{"arm", "plain"}})->n, 0u);
}

TEST(IpisPerOp, AnExpectationThatIsNotKnownLeavesTheMeasuredNumberAndTheReason) {
  auto builder = touching();
  for (auto& window : builder.recording().windows)
    for (auto& work : window.work) {
      work.expected_ipis_per_op = -1;
      work.notes["expected_source"] = "the configuration cannot be read";
    }
  const auto findings = analyse(builder.recording());
  EXPECT_DOUBLE_EQ(*find_metric(findings, "ipis_per_op", {{"arm", "secret"}})->value, 16.5);
  const auto* expected = find_metric(findings, "ipis_per_op_expected", {{"arm", "secret"}});
  ASSERT_NE(expected, nullptr);
  EXPECT_FALSE(expected->value);
  EXPECT_EQ(expected->not_applicable, "the configuration cannot be read");
  for (const auto& found : findings.warnings) EXPECT_NE(found.warning.id, "expectation_mismatch");
}

TEST(IpisPerOp, ZeroByBroadcastIsAnExpectationWithItsSource) {
  auto builder = touching();
  for (auto& window : builder.recording().windows) {
    window.interrupts = {test::calls(0)};
    for (auto& work : window.work) {
      work.expected_ipis_per_op = 0;
      work.notes.erase("expected_ipis_per_split");
      work.notes["expected_source"] = "broadcast by hardware";
    }
  }
  auto findings = analyse(builder.recording());
  const auto* expected = find_metric(findings, "ipis_per_op_expected", {{"arm", "secret"}});
  EXPECT_EQ(*expected->value, 0);
  EXPECT_EQ(expected->source, "broadcast by hardware");
  for (const auto& found : findings.warnings) EXPECT_NE(found.warning.id, "expectation_mismatch");

  builder.recording().windows.back().interrupts = {test::calls(16000)};
  findings = analyse(builder.recording());
  EXPECT_TRUE(std::any_of(findings.warnings.begin(), findings.warnings.end(), [](const auto& one) {
    return one.warning.id == "expectation_mismatch";
  }));
}

TEST(IpisPerOp, FlushesThatShouldBeIpisAndAreNoneAreABroadcast) {
  auto builder = touching();
  for (auto& window : builder.recording().windows) {
    window.interrupts = {test::calls(0)};
    for (auto& work : window.work)
      work.notes["expected_source"] = "one IPI per kernel flush: vendor";
  }
  const auto findings = analyse(builder.recording());
  const auto mismatch =
      std::find_if(findings.warnings.begin(), findings.warnings.end(),
                   [](const auto& one) { return one.warning.id == "expectation_mismatch"; });
  ASSERT_NE(mismatch, findings.warnings.end());
  EXPECT_THAT(mismatch->warning.seen, testing::HasSubstr("broadcast by the hardware"));
}

TEST(IpisPerOp, ASplitThatWasNotCountedIsNotExpected) {
  auto builder = touching();
  for (auto& window : builder.recording().windows) window.notes.clear();
  const auto findings = analyse(builder.recording());
  EXPECT_DOUBLE_EQ(*find_metric(findings, "ipis_per_op_expected", {{"arm", "secret"}})->value, 16);
}

}  // namespace
}  // namespace isolab
