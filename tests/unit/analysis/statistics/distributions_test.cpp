// SPDX-License-Identifier: Apache-2.0
// Against scipy's numbers (tests/golden/statistics/make.py) and, where the arguments are large,
// mpmath's with 40 digits.
#include "analysis/statistics/distributions.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/golden_csv.h"

namespace isolab {
namespace {

TEST(Distributions, IncompleteGammaAgreesWithScipy) {
  const auto rows = test::golden_numbers("statistics/gamma_p.csv");
  ASSERT_EQ(rows.size(), 80u);
  for (const auto& row : rows) {
    const double p = gamma_p(row[0], row[1]);
    EXPECT_NEAR(p, row[2], 1e-12 * row[2]) << row[0] << ' ' << row[1];
    EXPECT_NEAR(gamma_q(row[0], row[1]), 1 - p, 1e-15) << row[0] << ' ' << row[1];
  }
}

TEST(Distributions, InverseGammaUndoesTheFunction) {
  for (const double a : {0.5, 1.0, 3.0, 50.0, 5000.0})
    for (const double p : {0.001, 0.025, 0.5, 0.975, 0.999})
      EXPECT_NEAR(gamma_p(a, gamma_p_inverse(a, p)), p, 1e-13) << a << ' ' << p;
  EXPECT_NEAR(gamma_p_inverse(1, 0.5), std::log(2.0), 1e-15);  // the exponential distribution
}

TEST(Distributions, IncompleteBetaAgreesWithScipy) {
  const auto rows = test::golden_numbers("statistics/incomplete_beta.csv");
  ASSERT_EQ(rows.size(), 120u);
  for (const auto& row : rows)
    EXPECT_NEAR(incomplete_beta(row[0], row[1], row[2]), row[3], 2e-10 * row[3])  // scipy is off
        << row[0] << ' ' << row[1] << ' ' << row[2];
}

// The p-value of 1046 gaps against 30 in the same time, by mpmath; double alone underflows to 0.
TEST(Distributions, SmallProbabilitiesAreNotZero) {
  EXPECT_NEAR(incomplete_beta(1046, 31, 0.5), 2.869750928e-266, 1e-275);
}

TEST(Distributions, InverseBetaUndoesTheFunction) {
  for (const double a : {0.5, 2.0, 300.0})
    for (const double p : {0.001, 0.025, 0.5, 0.975})
      EXPECT_NEAR(incomplete_beta(a, 7, incomplete_beta_inverse(a, 7, p)), p, 1e-13);
  // I_x(1, b) = 1 - (1 - x)^b: a million events of one group and one of the other.
  const double x = incomplete_beta_inverse(1, 1180980, 0.025);
  EXPECT_NEAR(x, -std::expm1(std::log1p(-0.025) / 1180980), 1e-13 * x);
}

TEST(Distributions, StudentsTAgreesWithScipy) {
  const auto rows = test::golden_numbers("statistics/student_t.csv");
  ASSERT_EQ(rows.size(), 7u);
  for (const auto& row : rows) EXPECT_NEAR(student_t_975(row[0]), row[1], 1e-9 * row[1]);
}

TEST(Distributions, WhatIsNoDistributionIsNotANumber) {
  EXPECT_TRUE(std::isnan(gamma_p(-1, 1)));
  EXPECT_TRUE(std::isnan(incomplete_beta(-1, 3, 0.5)));
  EXPECT_TRUE(std::isnan(incomplete_beta_inverse(2, 3, 1.5)));
}

}  // namespace
}  // namespace isolab
