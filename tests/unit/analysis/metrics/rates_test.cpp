// SPDX-License-Identifier: Apache-2.0
// Which windows count, which arm is idle, and how counts become one rate.
#include "analysis/metrics/rates.h"

#include <gmock/gmock.h>

#include "analysis/model/windows.h"
#include "tests/support/recording_builder.h"

namespace isolab {
namespace {

TEST(Pooling, CompleteAndInterruptedWindowsCount) {
  WindowRecord window;
  window.begin_ns = 1;
  window.end_ns = 2;
  for (const char* status : {"complete", "interrupted"}) {
    window.status = status;
    EXPECT_TRUE(window_counts(window)) << status;
  }
  for (const char* status : {"failed: x", "disturbed: y", "running", ""}) {
    window.status = status;
    EXPECT_FALSE(window_counts(window)) << status;
  }
  window.status = "interrupted";
  window.end_ns = window.begin_ns;  // cut before anything was measured
  EXPECT_FALSE(window_counts(window));
}

TEST(Pooling, WindowsGoToTheirArmsInRunOrder) {
  test::RecordingBuilder builder;
  const int idle = builder.arm("idle");
  const int noise = builder.arm("noise", {"hackbench"});
  builder.arm("never ran", {"kfence_sampling"});
  for (int repeat = 0; repeat < 3; ++repeat) builder.window(idle, {}), builder.window(noise, {});
  builder.recording().windows[3].status = "failed: died";
  const auto arms = pool_windows(builder.recording());
  ASSERT_EQ(arms.size(), 3u);
  EXPECT_EQ(arms[0].name, "idle");
  EXPECT_EQ(arms[0].windows.size(), 3u);
  EXPECT_EQ(arms[0].left_out, 0);
  ASSERT_EQ(arms[1].windows.size(), 2u);
  EXPECT_EQ(arms[1].left_out, 1);
  EXPECT_EQ(arms[1].windows[0]->repeat, 0);
  EXPECT_EQ(arms[1].windows[1]->repeat, 2);
  EXPECT_TRUE(arms[2].windows.empty());
}

TEST(Pooling, TheIdleArmIsTheFirstQuietOneThatRan) {
  test::RecordingBuilder builder;
  const int noise = builder.arm("noise", {"hackbench"});
  const int set = builder.arm("set");
  const int quiet = builder.arm("quiet", {"idle"});
  auto& arms = builder.recording().plan.arms;
  arms[static_cast<std::size_t>(set)].settings = {{"/proc/sys/vm/stat_interval", "10"}};
  const auto idle = [&] {
    return idle_arm(builder.recording(), pool_windows(builder.recording()));
  };
  builder.window(noise, {});
  builder.window(set, {});
  EXPECT_EQ(idle(), -1);  // the quiet arm has not run
  builder.window(quiet, {});
  EXPECT_EQ(idle(), quiet);
}

TEST(Pooling, CountsOfWindowsAndCpusBecomeOneRate) {
  // Repeat 0: 2 + 4 in 20 s of two CPUs; repeat 1: 0 in 30 s.
  const auto metric =
      counted_rate("gaps_over_1us", {}, {{2, 10, 0}, {4, 10, 0}, {0, 30, 1}}, kHour);
  EXPECT_EQ(metric.n, 6u);
  EXPECT_DOUBLE_EQ(metric.exposure_s, 50);
  EXPECT_DOUBLE_EQ(metric.value.value(), 432);  // 6 / 50 s
  EXPECT_EQ(metric.repeats, 2);
  EXPECT_DOUBLE_EQ(metric.repeat_min.value(), 0);
  EXPECT_DOUBLE_EQ(metric.repeat_max.value(), 1080);          // 6 / 20 s
  EXPECT_NEAR(metric.lower95.value(), 2.2018942 * 72, 1e-3);  // Garwood of 6
  EXPECT_NEAR(metric.upper95.value(), 13.0594740 * 72, 1e-3);
}

TEST(Pooling, AZeroHasNoLowerBoundAndNoExposureNoValue) {
  const auto zero = counted_rate("gaps_over_1us", {}, {{0, 3600, 0}}, kHour);
  EXPECT_EQ(zero.value.value(), 0);
  EXPECT_FALSE(zero.lower95);
  EXPECT_NEAR(zero.upper95.value(), 2.995732, 1e-6);
  const auto nothing = counted_rate("gaps_over_1us", {}, {}, kHour);
  EXPECT_FALSE(nothing.value);
  EXPECT_EQ(nothing.not_applicable, "no observation time");
}

TEST(Pooling, SpreadOfNothingIsNothing) {
  Metric metric;
  Spread().put_into(metric);
  EXPECT_FALSE(metric.repeat_min);
  Spread some;
  for (const double value : {3.0, 1.0, 2.0}) some.add(value);
  some.put_into(metric);
  EXPECT_EQ(metric.repeat_min, 1);
  EXPECT_EQ(metric.repeat_max, 3);
}

}  // namespace
}  // namespace isolab
