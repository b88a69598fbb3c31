// SPDX-License-Identifier: Apache-2.0
// Every number here is worked out by hand from the builder's round figures.
#include <gmock/gmock.h>

#include "analysis/analyse.h"
#include "analysis/model/findings.h"
#include "analysis/model/probe_data.h"
#include "tests/support/recording_builder.h"

namespace isolab {
namespace {

using test::RecordingBuilder;

double value_of(const Findings& findings, const std::string& name, const std::string& arm,
                const std::string& cpu = "1") {
  const auto* metric = find_metric(findings, name, {{"arm", arm}, {"cpu", cpu}});
  EXPECT_NE(metric, nullptr) << name;
  return metric == nullptr ? -1 : metric->value.value_or(-1);
}

/// Two repeats of 10 s on CPU 1: gaps of 2, 15 and 150 us, then one of 2 us.
Findings two_repeats() {
  RecordingBuilder builder;
  const int idle = builder.arm("idle");
  builder.window(idle, {2, 15, 150});
  builder.window(idle, {2});
  return analyse(builder.recording());
}

TEST(GapMetrics, CountsPerCpuHour) {
  const auto findings = two_repeats();
  EXPECT_DOUBLE_EQ(value_of(findings, "gaps_over_1us", "idle"), 720);  // 4 in 20 s
  EXPECT_DOUBLE_EQ(value_of(findings, "gaps_over_5us", "idle"), 360);
  EXPECT_DOUBLE_EQ(value_of(findings, "gaps_over_10us", "idle"), 360);
  EXPECT_DOUBLE_EQ(value_of(findings, "gaps_over_20us", "idle"), 180);
  EXPECT_DOUBLE_EQ(value_of(findings, "gaps_over_100us", "idle"), 180);
  EXPECT_DOUBLE_EQ(value_of(findings, "gaps_over_1us", "idle", "all"), 720);
}

TEST(GapMetrics, IntervalsExposureAndSpread) {
  const auto findings = two_repeats();
  const auto* metric = find_metric(findings, "gaps_over_1us", {{"arm", "idle"}, {"cpu", "1"}});
  ASSERT_NE(metric, nullptr);
  EXPECT_NEAR(*metric->lower95, 1.0898651 * 180, 1e-4);  // Garwood of 4, times 3600 / 20
  EXPECT_NEAR(*metric->upper95, 10.2415886 * 180, 1e-4);
  EXPECT_DOUBLE_EQ(metric->exposure_s, 20);
  EXPECT_EQ(metric->n, 4u);
  EXPECT_EQ(metric->repeats, 2);
  EXPECT_DOUBLE_EQ(*metric->repeat_min, 360);   // 1 in 10 s
  EXPECT_DOUBLE_EQ(*metric->repeat_max, 1080);  // 3 in 10 s
}

TEST(GapMetrics, AZeroHasAnUpperBoundOnly) {
  RecordingBuilder builder;
  builder.window(builder.arm("idle"), {});
  const auto findings = analyse(builder.recording());
  const auto* metric = find_metric(findings, "gaps_over_50us", {{"arm", "idle"}, {"cpu", "1"}});
  ASSERT_NE(metric, nullptr);
  EXPECT_EQ(*metric->value, 0);
  EXPECT_FALSE(metric->lower95);
  EXPECT_NEAR(*metric->upper95, 2.995732274 * 360, 1e-4);
}

TEST(GapMetrics, MaximumAndTimeLost) {
  const auto findings = two_repeats();
  EXPECT_DOUBLE_EQ(value_of(findings, "gap_max", "idle"), 150);
  EXPECT_DOUBLE_EQ(value_of(findings, "time_lost", "idle"), (2 + 15 + 150 + 2) / 20.0);
  const auto* longest = find_metric(findings, "gap_max", {{"arm", "idle"}, {"cpu", "1"}});
  EXPECT_DOUBLE_EQ(*longest->repeat_min, 2);
  EXPECT_DOUBLE_EQ(longest->exposure_s, 20);
}

TEST(GapMetrics, PercentilesOnlyWhereTenSamplesLieBeyond) {
  const auto findings = two_repeats();
  EXPECT_DOUBLE_EQ(value_of(findings, "gap_p50", "idle"), 0.025);
  EXPECT_DOUBLE_EQ(value_of(findings, "gap_p99_9999", "idle"),
                   0.025);  // 8e8 rounds, 4 of them long
  EXPECT_DOUBLE_EQ(value_of(findings, "gap_p99_99999", "idle"), 0.025);
  const auto* far = find_metric(findings, "gap_p99_999999", {{"arm", "idle"}, {"cpu", "1"}});
  ASSERT_NE(far, nullptr);  // 8e8 * 1e-8 = 8 samples are too few
  EXPECT_FALSE(far->value);
  EXPECT_THAT(far->not_applicable, ::testing::HasSubstr("are too few"));
}

TEST(GapMetrics, CpusAreKeptApartAndPooled) {
  RecordingBuilder builder;
  builder.recording().plan.measured = {1, 2};
  auto& window = builder.window(builder.arm("idle"), {2});
  window.probe.cpus.push_back(test::busy_cpu(2, 10, {2, 30, 40}));
  const auto findings = analyse(builder.recording());
  EXPECT_DOUBLE_EQ(value_of(findings, "gaps_over_1us", "idle", "1"), 360);
  EXPECT_DOUBLE_EQ(value_of(findings, "gaps_over_1us", "idle", "2"), 1080);
  EXPECT_DOUBLE_EQ(value_of(findings, "gaps_over_1us", "idle", "all"), 720);  // 4 in 20 CPU-seconds
  EXPECT_DOUBLE_EQ(value_of(findings, "gap_max", "idle", "all"), 40);
}

TEST(GapMetrics, AFullLogFallsBackToTheHistogram) {
  RecordingBuilder builder;
  auto& cpu = builder.window(builder.arm("idle"), {2, 15, 150}).probe.cpus.front();
  cpu.gaps.own().resize(1);
  cpu.gaps_dropped = 2;
  const auto findings = analyse(builder.recording());
  EXPECT_DOUBLE_EQ(value_of(findings, "gaps_over_1us", "idle"), 1080);
  EXPECT_DOUBLE_EQ(value_of(findings, "gaps_dropped", "idle"), 2);
  EXPECT_NEAR(value_of(findings, "time_lost", "idle"), 16.7, 16.7 * 0.016);
}

TEST(GapMetrics, FailedAndDisturbedWindowsAreLeftOut) {
  RecordingBuilder builder;
  const int idle = builder.arm("idle");
  builder.window(idle, {2});
  builder.window(idle, {500}).status = "failed: the probe died";
  builder.window(idle, {700}).status = "disturbed: someone logged in";
  const auto findings = analyse(builder.recording());
  EXPECT_DOUBLE_EQ(value_of(findings, "gap_max", "idle"), 2);
  EXPECT_EQ(findings.arms.front().windows, 1);
  EXPECT_EQ(findings.arms.front().windows_left_out, 2);
}

TEST(WakeupMetrics, RawAndCorrected) {
  RecordingBuilder builder;
  auto& window = builder.window(builder.arm("idle"), {});
  window.probe.kind = "wakeup";
  window.probe.line = {"ns", 0, 0, 0, 0, 0, 0};
  ProbeCpu cpu;
  cpu.cpu = 1;
  cpu.start = 0;
  cpu.end = 10'000'000'000;
  cpu.histogram.add(3000, 9999);
  cpu.histogram.add(60'000);
  cpu.corrected = cpu.histogram;
  cpu.corrected.add(40'000, 20);
  cpu.numbers = {{"missed_periods", 5}};
  window.probe.cpus = {cpu};
  const auto findings = analyse(builder.recording());
  EXPECT_DOUBLE_EQ(value_of(findings, "wakeups_over_20us", "idle"), 360);  // 1 in 10 s
  EXPECT_NEAR(value_of(findings, "wakeup_p99", "idle"), 3, 0.05);
  EXPECT_NEAR(value_of(findings, "wakeup_max", "idle"), 60, 1);
  EXPECT_NEAR(value_of(findings, "wakeup_corrected_p99_9", "idle"), 40, 0.7);
  EXPECT_DOUBLE_EQ(value_of(findings, "missed_periods", "idle"), 1800);  // 5 in 10 s
  EXPECT_EQ(find_metric(findings, "time_lost", {}), nullptr);
}

/// One window of cyclictest: 990 wake-ups 3 us late, and these, all of which the log holds.
RecordingBuilder wakeups(const std::vector<std::uint64_t>& late_ns) {
  RecordingBuilder builder;
  auto& window = builder.window(builder.arm("idle"), {});
  window.probe.kind = "wakeup";
  window.probe.line = {"ns", 0, 0, 0, 0, 0, 0};
  ProbeCpu cpu;
  cpu.cpu = 1;
  cpu.end = 10'000'000'000;
  cpu.threshold = 50'000;
  cpu.histogram.add(3000, 990);
  for (const auto ns : late_ns) {
    cpu.histogram.add(ns);
    cpu.gaps.push_back({1000 * (cpu.gaps.size() + 1), ns});
  }
  cpu.corrected = cpu.histogram;
  window.probe.cpus = {cpu};
  return builder;
}

// 50.1 us and 51 us lie in the histogram's bucket of 50 us, which does not lie above as a whole.
TEST(WakeupMetrics, CountsAndMaximumAreExactWhereTheyWereRecorded) {
  auto builder = wakeups({50'100, 50'200, 51'000, 100'050, 103'143});
  auto findings = analyse(builder.recording());
  EXPECT_DOUBLE_EQ(value_of(findings, "wakeups_over_50us", "idle"), 5 * 360);
  EXPECT_DOUBLE_EQ(value_of(findings, "wakeups_over_100us", "idle"), 2 * 360);
  EXPECT_DOUBLE_EQ(value_of(findings, "wakeup_max", "idle"), 103.143);
  auto& cpu = builder.recording().windows[0].probe.cpus[0];
  cpu.numbers["longest_ns"] = 103'143.636;  // what the probe says itself comes first
  EXPECT_DOUBLE_EQ(value_of(analyse(builder.recording()), "wakeup_max", "idle"), 103.143636);
  cpu.numbers.clear();
  cpu.gaps.own().resize(2);  // a full log: the histogram knows the rest
  cpu.gaps_dropped = 3;
  findings = analyse(builder.recording());
  EXPECT_LT(value_of(findings, "wakeups_over_50us", "idle"), 5 * 360);
  EXPECT_NEAR(value_of(findings, "wakeup_max", "idle"), 103.143, 103.143 * 0.016);
  EXPECT_GT(value_of(findings, "wakeup_max", "idle"), 103.143);
}

TEST(GapLog, HoldsEveryGapUntilItIsFull) {
  ProbeCpu cpu;
  cpu.start = 1000, cpu.end = 9000;
  EXPECT_EQ(logged_until(cpu), 9000U);
  cpu.gaps = {{2000, 50}, {3000, 70}};
  EXPECT_EQ(logged_until(cpu), 9000U);
  cpu.gaps_dropped = 1;
  EXPECT_EQ(logged_until(cpu), 3070U);
  cpu.gaps.own().clear();  // a log without room
  EXPECT_EQ(logged_until(cpu), 1000U);
}

}  // namespace
}  // namespace isolab
