// SPDX-License-Identifier: Apache-2.0
// Against scipy's numbers (tests/golden/statistics/make.py).
#include "analysis/statistics/counts.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/golden_csv.h"

namespace isolab {
namespace {

std::vector<std::vector<double>> golden(const std::string& name) {
  return test::golden_numbers("statistics/" + name);
}

TEST(Statistics, PoissonIntervalsAgreeWithScipy) {
  const auto rows = golden("poisson.csv");
  ASSERT_EQ(rows.size(), 19u);
  for (const auto& row : rows) {
    const Interval interval = poisson_interval(static_cast<std::uint64_t>(row[0]));
    EXPECT_NEAR(interval.lower, row[1], 1e-12 * row[1]) << row[0];
    EXPECT_NEAR(interval.upper, row[2], 1e-12 * row[2]) << row[0];
  }
}

TEST(Statistics, NothingSeenHasTheOneSidedBoundOfTheRuleOfThree) {
  const Interval interval = poisson_interval(0);
  EXPECT_EQ(interval.lower, 0);
  EXPECT_NEAR(interval.upper, 2.995732273553991, 1e-12);
}

TEST(Statistics, DifferenceOfRates) {
  // 4 in 10 s against 4 in 10 s: Garwood of 4 is [1.0899, 10.2416], so 0 +- hypot(2.9101, 6.2416)
  // / 10.
  const Interval same = rate_difference_interval(4, 10, 4, 10);
  EXPECT_NEAR(same.upper, 0.68867, 2e-5);
  EXPECT_NEAR(same.lower, -0.68867, 2e-5);
  const Interval more = rate_difference_interval(1000, 10, 10, 10);
  EXPECT_GT(more.lower, 92);
  EXPECT_LT(more.upper, 106);
  EXPECT_LT(rate_difference_interval(0, 10, 0, 10).lower, 0);
}

TEST(Statistics, DispersionAgreesWithScipy) {
  const auto rows = golden("dispersion.csv");
  ASSERT_EQ(rows.size(), 5u);
  for (const auto& row : rows) {
    const std::vector<std::uint64_t> counts{static_cast<std::uint64_t>(row[0]),
                                            static_cast<std::uint64_t>(row[1]),
                                            static_cast<std::uint64_t>(row[2])};
    EXPECT_NEAR(same_rate_probability(counts, {5, 5, 5}), row[3], 1e-12 * row[3]);
  }
  EXPECT_EQ(same_rate_probability({7}, {1}), 1);
  EXPECT_EQ(same_rate_probability({0, 0}, {1, 1}), 1);
  EXPECT_NEAR(same_rate_probability({10, 20}, {1, 2}), 1, 1e-12);  // rates are equal
}

TEST(Statistics, AQuantileNeedsTenSamplesBeyondIt) {
  EXPECT_TRUE(carries_quantile(1000, 0.99));
  EXPECT_FALSE(carries_quantile(999, 0.99));
  EXPECT_TRUE(carries_quantile(10'000'000, 0.999999));
  EXPECT_FALSE(carries_quantile(9'999'000, 0.999999));
}

}  // namespace
}  // namespace isolab
