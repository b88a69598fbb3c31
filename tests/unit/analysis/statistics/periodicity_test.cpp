// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics/periodicity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace isolab {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

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
  const auto periods = find_periods(times);
  ASSERT_FALSE(periods.empty());
  const auto& period = periods.front();
  EXPECT_NEAR(period.period_ns, true_period, true_period * 1e-6);
  EXPECT_GT(period.share, 0.98);
  EXPECT_LT(period.log10_chance, -100);
  EXPECT_TRUE(period.in_phase(times[7]));
  EXPECT_TRUE(period.in_phase(times.back()));
  EXPECT_FALSE(period.in_phase(times.back() + true_period / 2));
}

TEST(Periodicity, FindsAPeriodThatNobodyExpected) {
  const auto times = timer(7.3e6, 20, 0.9, 20e3, 2);
  const auto periods = find_periods(times);
  ASSERT_FALSE(periods.empty());
  const auto& period = periods.front();
  EXPECT_NEAR(period.period_ns, 7.3e6, 7.3e6 * 1e-4);
}

TEST(Periodicity, FindsItUnderAsMuchNoise) {
  auto times = timer(4e6, 20, 1.0, 20e3, 3);
  const auto more = noise(20, times.size(), 4);
  times.insert(times.end(), more.begin(), more.end());
  std::sort(times.begin(), times.end());
  const auto periods = find_periods(times);
  ASSERT_FALSE(periods.empty());
  const auto& period = periods.front();
  EXPECT_NEAR(period.period_ns, 4e6, 4e6 * 1e-4);
  EXPECT_GT(period.share, 0.45);
  EXPECT_LT(period.share, 0.6);
}

TEST(Periodicity, DoesNotFindOneInNoise) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    for (const std::size_t count : {20u, 200u, 5000u})
      EXPECT_THAT(find_periods(noise(30, count, seed)), IsEmpty()) << seed << " " << count;
}

TEST(Periodicity, SaysNothingAboutFewGaps) {
  EXPECT_THAT(find_periods({}), IsEmpty());
  EXPECT_THAT(find_periods(timer(1e9, 8, 1.0, 0, 5)), IsEmpty());
  EXPECT_THAT(find_periods(std::vector<double>(50, 1e9)), IsEmpty());
}

std::vector<double> together(std::vector<double> a, const std::vector<double>& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  return a;
}

TEST(Periodicity, TellsTwoTimersOfNearlyOnePeriodApart) {
  // Seen under a nested hypervisor: each level has a 100 Hz tick of its own clock.
  const auto times =
      together(timer(1e7, 20, 1.0, 30e3, 6), timer(1e7 * (1 + 120e-6), 20, 0.9, 60e3, 7));
  const auto periods = find_periods(together(times, noise(20, 500, 8)));
  ASSERT_THAT(periods, SizeIs(2));
  const auto longest = std::max(periods[0].period_ns, periods[1].period_ns);
  const auto shortest = std::min(periods[0].period_ns, periods[1].period_ns);
  EXPECT_NEAR(shortest, 1e7, 200);
  EXPECT_NEAR(longest, 1e7 * (1 + 120e-6), 200);
  EXPECT_GT(periods[0].gaps + periods[1].gaps, times.size() * 95 / 100);
  EXPECT_LT(periods[0].gaps + periods[1].gaps, times.size() + 80);
}

TEST(Periodicity, TimesInAnyOrderHaveTheSamePeriods) {
  auto times = together(timer(1e7, 4, 1.0, 0, 5), noise(4, 50, 8));
  const auto wanted = find_periods(times);
  ASSERT_FALSE(wanted.empty());
  std::rotate(times.begin(), times.begin() + 150, times.end());
  const auto found = find_periods(times);
  ASSERT_EQ(found.size(), wanted.size());
  EXPECT_EQ(found[0].period_ns, wanted[0].period_ns);
  EXPECT_EQ(found[0].gaps, wanted[0].gaps);
}

TEST(Periodicity, ABurstIsNoPeriod) {
  std::vector<double> train, cluster = noise(0.005, 300, 10);
  for (int i = 0; i < 300; ++i) train.push_back(3.2e9 + 20e3 * i);
  for (auto& time : cluster) time += 3.2e9;
  EXPECT_THAT(find_periods(together(noise(10, 100, 9), train)), IsEmpty());
  EXPECT_THAT(find_periods(together(noise(10, 100, 9), cluster)), IsEmpty());
}

}  // namespace
}  // namespace isolab
