// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics/median.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <vector>

namespace isolab {
namespace {

std::vector<double> first_numbers(std::size_t n) {
  std::vector<double> values(n);
  std::iota(values.begin(), values.end(), 1.0);
  return values;
}

TEST(Median, IntervalNeedsSixValues) {
  EXPECT_FALSE(median_interval({1, 2, 3, 4, 5}));
  EXPECT_EQ(median({4, 1, 3, 2}), 2.5);
}

// The ranks of Conover's table A3 at p = 1/2; 5000: R's qbinom(0.025, n, 0.5).
TEST(Median, IntervalIsThatOfTheSignTest) {
  const std::vector<std::array<std::size_t, 2>> ranks{
      {6, 1}, {8, 1}, {9, 2}, {11, 2}, {12, 3}, {20, 6}, {50, 18}, {100, 40}, {5000, 2431}};
  for (const auto [n, rank] : ranks) {
    const auto interval = median_interval(first_numbers(n));
    ASSERT_TRUE(interval) << n;
    EXPECT_EQ(interval->lower, static_cast<double>(rank)) << n;
    EXPECT_EQ(interval->upper, static_cast<double>(n + 1 - rank)) << n;
  }
}

TEST(Median, EstimateOfMoreRepeatsThanADoubleHasExponents) {
  const auto estimate = median_estimate(first_numbers(5000));
  ASSERT_TRUE(estimate && estimate->lower95);
  EXPECT_EQ(*estimate->lower95, 2431);
  EXPECT_EQ(estimate->value, 2500.5);
}

}  // namespace
}  // namespace isolab
