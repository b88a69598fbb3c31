// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/silent_gaps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace isolab {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kTicks = 2e9;

/// A host's tick of 20 us every 10 ms, and as many short gaps at random.
ProbeCpu probe_under_a_host(double seconds, double drift_ppm) {
  ProbeCpu out;
  out.start = 1'000'000;
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> when(0, seconds);
  double period = 0.01;
  for (double t = 0.004; t < seconds; t += period) {
    out.gaps.push_back({out.start + static_cast<std::uint64_t>(t * kTicks), 40'000});
    out.gaps.push_back({out.start + static_cast<std::uint64_t>(when(random) * kTicks), 3'000});
    period *= 1 + drift_ppm * 1e-6 * 0.01 / seconds;
  }
  auto& gaps = out.gaps.own();
  std::sort(gaps.begin(), gaps.end(), [](const Gap& a, const Gap& b) { return a.start < b.start; });
  return out;
}

GapSet all_of(const ProbeCpu& probe) {
  GapSet out;
  for (std::size_t i = 0; i < probe.gaps.size(); ++i) out.push_back(i);
  return out;
}

TEST(GapSet, ListsItsMembersInOrder) {
  GapSet set;
  EXPECT_TRUE(set.empty());
  EXPECT_EQ(set.begin(), set.end());
  for (const std::size_t index : {63u, 64u, 0u, 1000u}) set.push_back(index);
  EXPECT_THAT(set, ElementsAre(0u, 63u, 64u, 1000u));
  EXPECT_EQ(set.size(), 4u);
}

TEST(SilentGaps, TellsTheHostsTickFromTheRest) {
  const auto probe = probe_under_a_host(20, 0);
  const SilentGaps silent_gaps(all_of(probe), probe, kTicks, false);
  ASSERT_THAT(silent_gaps.rows(), SizeIs(2));
  EXPECT_EQ(silent_gaps.rows()[0].in_phase, silent_gaps.rows()[0].gaps);
  ASSERT_THAT(silent_gaps.rows()[0].periods, SizeIs(1));
  EXPECT_NEAR(silent_gaps.rows()[0].periods[0].period_ns, 1e7, 10);
  EXPECT_THAT(silent_gaps.rows()[1].periods, IsEmpty());
  EXPECT_EQ(silent_gaps.rows()[1].in_phase, 0u);
  EXPECT_EQ(silent_gaps.time().outside_gaps, 2000u);
  EXPECT_EQ(silent_gaps.time().outside_ticks, 2000u * 40'000);
  EXPECT_EQ(silent_gaps.time().unexplained_ticks, 2000u * 3'000);
  for (const auto& gap : probe.gaps)
    EXPECT_STREQ(silent_gaps.class_of(gap), gap.length > 20'000 ? "outside_kernel" : "unexplained");
}

TEST(SilentGaps, FollowsAClockThatDriftsThroughALongWindow) {
  // 20 minutes, the host's clock 5 ppm faster at the end: 3 ms of phase, most of a third period.
  const auto probe = probe_under_a_host(1200, 5);
  const SilentGaps silent_gaps(all_of(probe), probe, kTicks, false);
  EXPECT_GT(silent_gaps.time().outside_gaps, probe.gaps.size() / 2 * 99 / 100);
}

TEST(SilentGaps, WhereTheTraceLostEventsNothingIsCalledOutside) {
  const auto probe = probe_under_a_host(20, 0);
  const SilentGaps silent_gaps(all_of(probe), probe, kTicks, true);
  EXPECT_EQ(silent_gaps.time().outside_gaps, 0u);
  EXPECT_EQ(silent_gaps.time().unexplained_gaps, probe.gaps.size());
  EXPECT_EQ(silent_gaps.period_of(probe.gaps[0]), nullptr);
}

}  // namespace
}  // namespace isolab
