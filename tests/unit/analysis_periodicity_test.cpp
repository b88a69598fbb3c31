// SPDX-License-Identifier: Apache-2.0
#include "analysis/periodicity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace isolab {
namespace {

/// A timer that misses some beats, comes a little late, and whose period is not quite nominal.
std::vector<double> timer(double period, double seconds, double keep, double jitter,
                          std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> chance(0, 1);
  std::vector<double> times;
  const double phase = 0.37 * period;
  for (double t = phase; t < seconds * 1e9; t += period)
    if (chance(random) < keep) times.push_back(t + jitter * chance(random));
  return times;
}

std::vector<double> noise(double seconds, std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> when(0, seconds * 1e9);
  std::vector<double> times(count);
  for (auto& time : times) time = when(random);
  std::sort(times.begin(), times.end());
  return times;
}

TEST(Periodicity, FindsTheHostsTickThroughMissedBeatsAndADriftingClock) {
  const double true_period = 1e7 * (1 + 23e-6);
  const auto times = timer(true_period, 30, 0.6, 30e3, 1);
  const auto period = find_period(times);
  ASSERT_TRUE(period.found);
  EXPECT_NEAR(period.period_ns, true_period, true_period * 1e-6);
  EXPECT_GT(period.share, 0.98);
  EXPECT_LT(period.log10_chance, -100);
  EXPECT_TRUE(period.in_phase(times[7]));
  EXPECT_TRUE(period.in_phase(times.back()));
  EXPECT_FALSE(period.in_phase(times.back() + true_period / 2));
}

TEST(Periodicity, FindsAPeriodThatNobodyExpected) {
  const auto times = timer(7.3e6, 20, 0.9, 20e3, 2);
  const auto period = find_period(times);
  ASSERT_TRUE(period.found);
  EXPECT_NEAR(period.period_ns, 7.3e6, 7.3e6 * 1e-4);
}

TEST(Periodicity, FindsItUnderAsMuchNoise) {
  auto times = timer(4e6, 20, 1.0, 20e3, 3);
  const auto more = noise(20, times.size(), 4);
  times.insert(times.end(), more.begin(), more.end());
  std::sort(times.begin(), times.end());
  const auto period = find_period(times);
  ASSERT_TRUE(period.found);
  EXPECT_NEAR(period.period_ns, 4e6, 4e6 * 1e-4);
  EXPECT_GT(period.share, 0.45);
  EXPECT_LT(period.share, 0.6);
}

TEST(Periodicity, DoesNotFindOneInNoise) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    for (const std::size_t count : {20u, 200u, 5000u})
      EXPECT_FALSE(find_period(noise(30, count, seed)).found) << seed << " " << count;
}

TEST(Periodicity, SaysNothingAboutFewGaps) {
  EXPECT_FALSE(find_period({}).found);
  EXPECT_FALSE(find_period(timer(1e9, 8, 1.0, 0, 5)).found);
  EXPECT_FALSE(find_period(std::vector<double>(50, 1e9)).found);
}

}  // namespace
}  // namespace isolab
