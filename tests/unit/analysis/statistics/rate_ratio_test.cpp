// SPDX-License-Identifier: Apache-2.0
// Against scipy (tests/golden/statistics/make.py), R's manual, and by simulation.
#include "analysis/statistics/rate_ratio.h"

#include <gmock/gmock.h>

#include <cmath>

#include "analysis/statistics/random.h"
#include "tests/support/golden_csv.h"

namespace isolab {
namespace {

TEST(RateRatio, ExactIntervalsAgreeWithScipy) {
  const auto rows = test::golden_numbers("statistics/rate_ratio.csv");
  ASSERT_EQ(rows.size(), 8u);
  for (const auto& row : rows) {
    const auto ratio = rate_ratio({{static_cast<std::uint64_t>(row[0]), row[1]}},
                                  {{static_cast<std::uint64_t>(row[2]), row[3]}});
    EXPECT_NEAR(ratio.exact.lower, row[4], 1e-8 * row[4]);
    if (std::isinf(row[5]))
      EXPECT_TRUE(std::isinf(ratio.exact.upper));
    else
      EXPECT_NEAR(ratio.exact.upper, row[5], 1e-8 * row[5]);
  }
}

// R's ?poisson.test, after Wishart: 11 cases in 800 against 21 in 3011. R prints 1.971488 with
// 0.8584264 to 4.2772659.
TEST(RateRatio, TheExampleOfRsManual) {
  const auto ratio = rate_ratio({{6 + 8 + 7, 1083 + 1050 + 878}}, {{11, 800}});
  EXPECT_NEAR(ratio.estimate, 1.971488, 1e-6);
  EXPECT_NEAR(ratio.exact.lower, 0.8584264, 1e-6);
  EXPECT_NEAR(ratio.exact.upper, 4.2772659, 1e-6);
  EXPECT_EQ(ratio.interval.lower, ratio.exact.lower);  // one session: nothing to resample
}

TEST(RateRatio, BurstsWidenWhatPoissonBelieves) {
  const std::vector<CountedSession> bursty{{0, 1}, {400, 1}, {0, 1}, {0, 1}, {350, 1}, {0, 1}};
  const std::vector<CountedSession> steady(6, {125, 1});
  const auto ratio = rate_ratio(bursty, steady);
  EXPECT_DOUBLE_EQ(ratio.estimate, 1);
  EXPECT_GT(ratio.exact.lower, 0.9);
  EXPECT_LT(ratio.interval.lower, 0.5);
  EXPECT_GT(ratio.interval.upper, 2);
  const auto alike = rate_ratio(steady, steady);
  EXPECT_EQ(alike.interval.lower, alike.exact.lower);  // nothing between sessions to add
}

TEST(RateRatio, ZerosOnOneSideAndOnBoth) {
  const std::vector<CountedSession> none(6, {0, 1}), some(6, {3, 1});
  EXPECT_EQ(rate_ratio(some, none).estimate, 0);
  EXPECT_LT(rate_ratio(some, none).interval.upper, 0.25);
  EXPECT_TRUE(std::isinf(rate_ratio(none, some).estimate));
  EXPECT_TRUE(std::isnan(rate_ratio(none, none).estimate));
  EXPECT_NEAR(pooled_rate_interval(none).upper, 2.995732273553991 / 6, 1e-12);
}

/// How often the 95 % interval of a rate ratio of 1 holds it, for events in bursts: a Poisson
/// number of bursts of geometric size in each of six sessions.
TEST(RateRatioSimulation, CoverageOfBursts) {
  Random random(3);
  const auto burst_count = [&] {
    std::uint64_t count = 0;
    double time = -std::log(random.unit());
    for (; time < 8; time += -std::log(random.unit()))
      count += 1 + static_cast<std::uint64_t>(-std::log(random.unit()) * 10);
    return count;
  };
  constexpr int kRounds = 400;
  int held = 0;
  int exact_held = 0;
  for (int i = 0; i < kRounds; ++i) {
    std::vector<CountedSession> a, b;
    for (int k = 0; k < 6; ++k) a.push_back({burst_count(), 1}), b.push_back({burst_count(), 1});
    const auto ratio = rate_ratio(a, b);
    held += ratio.interval.lower <= 1 && 1 <= ratio.interval.upper;
    exact_held += ratio.exact.lower <= 1 && 1 <= ratio.exact.upper;
  }
  EXPECT_GE(held, kRounds * 93 / 100);
  EXPECT_LT(exact_held, kRounds * 60 / 100);  // why the bootstrap is there
}

}  // namespace
}  // namespace isolab
