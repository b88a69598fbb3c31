// SPDX-License-Identifier: Apache-2.0
// Against scipy (tests/golden/statistics/make.py) and examples printed in books and manuals.
#include "analysis/statistics/two_samples.h"

#include <gmock/gmock.h>

#include <cmath>

#include "analysis/statistics/random.h"
#include "tests/support/golden_csv.h"

namespace isolab {
namespace {

using Values = std::vector<double>;

struct Case {
  Values a, b;
  Values expected;
};

std::vector<Case> cases(const std::string& name) {
  std::vector<Case> out;
  for (const auto& row : test::golden_numbers("statistics/" + name)) {
    const auto b = row.begin() + 2 + static_cast<std::ptrdiff_t>(row[0]);
    const auto end = b + static_cast<std::ptrdiff_t>(row[1]);
    out.push_back({Values(row.begin() + 2, b), Values(b, end), Values(end, row.end())});
  }
  return out;
}

TEST(TwoSamples, AgreeWithEnumerationAndScipy) {
  const auto all = cases("two_samples.csv");
  ASSERT_EQ(all.size(), 36u);
  int with_interval = 0;
  for (const auto& sample : all) {
    EXPECT_NEAR(mann_whitney_p(sample.a, sample.b), sample.expected[0], 1e-12);
    const Shift shift = hodges_lehmann_shift(sample.a, sample.b).value();
    EXPECT_NEAR(shift.estimate, sample.expected[1], 1e-12);
    ASSERT_TRUE(shift.interval);
    if (!std::isnan(sample.expected[2])) {
      ++with_interval;
      EXPECT_NEAR(shift.interval->lower, sample.expected[2], 1e-12);
      EXPECT_NEAR(shift.interval->upper, sample.expected[3], 1e-12);
    }
    const auto middle = median_interval(sample.a);
    ASSERT_TRUE(middle);
    EXPECT_EQ(middle->lower, sample.expected[4]);
    EXPECT_EQ(middle->upper, sample.expected[5]);
  }
  EXPECT_EQ(with_interval, 24);
}

TEST(TwoSamples, LargeGroupsAgreeWithScipysNormalApproximation) {
  const auto all = cases("two_samples_large.csv");
  ASSERT_EQ(all.size(), 4u);
  for (const auto& sample : all)
    EXPECT_NEAR(mann_whitney_p(sample.a, sample.b), sample.expected[0], 1e-9 * sample.expected[0]);
}

// Hollander and Wolfe 1973, p. 69 ff., the example of R's ?wilcox.test: permeability constants of
// the human chorioamnion at term and at 12 to 26 weeks. R: p = 0.2544, 0.305 [-0.15, 0.76].
TEST(TwoSamples, HollanderAndWolfesPermeabilityConstants) {
  const Values term{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
  const Values early{1.15, 0.88, 0.90, 0.74, 1.21};
  EXPECT_NEAR(mann_whitney_p(term, early), 0.2544, 5e-5);
  const Shift shift = hodges_lehmann_shift(early, term).value();
  EXPECT_NEAR(shift.estimate, 0.305, 1e-12);
  EXPECT_NEAR(shift.interval->lower, -0.15, 1e-12);
  EXPECT_NEAR(shift.interval->upper, 0.76, 1e-12);
}

TEST(TwoSamples, SmallestPOfEachSize) {
  const auto apart = [](std::size_t n) {
    Values a, b;
    for (std::size_t i = 0; i < n; ++i) a.push_back(double(i)), b.push_back(double(100 + i));
    return mann_whitney_p(a, b);
  };
  EXPECT_NEAR(apart(3), 0.1, 1e-12);
  EXPECT_NEAR(apart(4), 2.0 / 70, 1e-12);
  EXPECT_NEAR(apart(5), 2.0 / 252, 1e-12);
  EXPECT_NEAR(apart(6), 2.0 / 924, 1e-12);
  EXPECT_EQ(sessions_for_lone_change(1), 6u);
  EXPECT_EQ(sessions_for_lone_change(23), 6u);  // 0.05 / 23 = 0.00217 > 2 / 924
  EXPECT_EQ(sessions_for_lone_change(24), 7u);
  EXPECT_EQ(sessions_for_lone_change(300), 8u);  // 2 / 12870 = 0.000155
}

TEST(TwoSamples, EqualValuesProveNothing) {
  EXPECT_EQ(mann_whitney_p({0, 0, 0}, {0, 0, 0}), 1);
  EXPECT_EQ(mann_whitney_p({}, {1}), 1);
  EXPECT_EQ(smallest_mann_whitney_p(Values(6, 0), {0, 0, 0, 0, 0, 1}),
            1);  // a lone event tells nothing
  EXPECT_NEAR(smallest_mann_whitney_p({1, 2, 3, 4, 5, 6}, {7, 8, 9, 1.5, 2.5, 3.5}), 2.0 / 924,
              1e-12);
  EXPECT_EQ(mann_whitney_p(Values(60, 1), Values(60, 1)), 1);
}

TEST(TwoSamples, IntervalAndPNeverContradict) {
  Random random(7);
  for (int i = 0; i < 500; ++i) {
    Values a, b;
    for (int k = 0; k < 6; ++k) a.push_back(random.unit()), b.push_back(random.unit() + 0.4);
    const auto interval = hodges_lehmann_shift(a, b)->interval.value();
    EXPECT_EQ(mann_whitney_p(a, b) <= 0.05, !interval.holds(0));
  }
}

/// The interval by trying the test at, and between, all differences: what the search must find.
std::optional<Interval> by_scan(const Values& a, const Values& b) {
  Values steps;
  for (const double from : a)
    for (const double to : b) steps.push_back(to - from);
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  const auto rejects = [&](double shift) {
    Values moved = b;
    for (double& value : moved) value -= shift;
    return mann_whitney_p(a, moved) <= 0.05;
  };
  if (!rejects(steps.front() - 1) || !rejects(steps.back() + 1)) return std::nullopt;
  std::optional<Interval> out;
  const auto add = [&](double low, double high, bool open) {
    if (!out) out = Interval{low, high, open, open};
    out->upper = high;
    out->upper_open = open;
  };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (!rejects(steps[i])) add(steps[i], steps[i], false);
    if (i + 1 < steps.size() && !rejects((steps[i] + steps[i + 1]) / 2))
      add(steps[i], steps[i + 1], true);
  }
  return out;
}

// Six times 2 against 2 3 3 4 5 5: p is 14 / 924, and the ratio's interval begins where b, divided
// by it, leaves eight values tied.
TEST(TwoSamples, AnIntervalOfTiedValues) {
  const Values a(6, 2), b{2, 3, 3, 4, 5, 5};
  EXPECT_NEAR(mann_whitney_p(a, b), 14.0 / 924, 1e-12);
  const auto ratio = hodges_lehmann_ratio(a, b)->interval.value();
  EXPECT_NEAR(ratio.lower, 1.5, 1e-12);
  EXPECT_FALSE(ratio.holds(1));
  const auto shift = hodges_lehmann_shift(a, b)->interval.value();
  EXPECT_EQ(shift.lower, 1);
  EXPECT_EQ(hodges_lehmann_shift(a, Values(6, 3))->interval->lower, 1);  // no other shift is left
  EXPECT_EQ(hodges_lehmann_shift(a, Values(6, 3))->interval->upper, 1);
}

// Small integers are tied within and between the groups in every way.
TEST(TwoSamples, IntervalAndPNeverContradictWithTies) {
  Random random(17);
  int rejected = 0;
  int open_at_no_change = 0;
  for (const auto& [n, m, rounds] : {std::tuple{6, 6, 1500},
                                     {4, 4, 300},
                                     {4, 9, 300},
                                     {3, 3, 50},
                                     {7, 6, 300},
                                     {8, 8, 200},
                                     {12, 12, 60}}) {
    for (int i = 0; i < rounds; ++i) {
      const auto values = 2 + random.below(8);
      const auto higher = random.below(4);
      Values a, b;
      for (int k = 0; k < n; ++k) a.push_back(static_cast<double>(1 + random.below(values)));
      for (int k = 0; k < m; ++k)
        b.push_back(static_cast<double>(1 + higher + random.below(values)));
      const bool significant = mann_whitney_p(a, b) <= 0.05;
      const auto shift = hodges_lehmann_shift(a, b).value();
      const auto ratio = hodges_lehmann_ratio(a, b).value();
      ASSERT_EQ(shift.interval.has_value(), ratio.interval.has_value());
      if (n <= 8) {
        const auto scanned = by_scan(a, b);
        ASSERT_EQ(scanned.has_value(), shift.interval.has_value());
        if (scanned) {
          EXPECT_EQ(scanned->lower, shift.interval->lower);
          EXPECT_EQ(scanned->upper, shift.interval->upper);
          EXPECT_EQ(scanned->lower_open, shift.interval->lower_open);
          EXPECT_EQ(scanned->upper_open, shift.interval->upper_open);
        }
      }
      if (!shift.interval) {
        EXPECT_FALSE(significant);  // 3 against 3
        continue;
      }
      EXPECT_EQ(significant, !shift.interval->holds(0));
      EXPECT_EQ(significant, !ratio.interval->holds(1));
      EXPECT_LE(shift.interval->lower, shift.estimate);
      EXPECT_GE(shift.interval->upper, shift.estimate);
      rejected += significant;
      open_at_no_change += shift.interval->lower == 0 && shift.interval->lower_open;
    }
  }
  EXPECT_GT(rejected, 500);
  EXPECT_GT(open_at_no_change, 50);  // no change itself is rejected, and nothing beside it
}

TEST(TwoSamples, LargeGroupsInvertTheNormalApproximation) {
  Random random(23);
  for (int i = 0; i < 20; ++i) {
    Values a, b;
    for (int k = 0; k < 60; ++k)
      a.push_back(static_cast<double>(random.below(9))),
          b.push_back(static_cast<double>(random.below(9) + random.below(2)));
    EXPECT_EQ(mann_whitney_p(a, b) <= 0.05, !hodges_lehmann_shift(a, b)->interval->holds(0));
  }
}

TEST(TwoSamples, RoundingMakesNoDifferenceOfEqualValues) {
  const Values a{0.1, 0.2, 0.3, 0.7, 0.7, 1.1};
  Values b;
  for (const double value : a) b.push_back((value * 3 + 0.3) / 3 - 0.1);
  EXPECT_EQ(mann_whitney_p(a, b), 1);
  EXPECT_TRUE(hodges_lehmann_shift(a, b)->interval->holds(0));
  EXPECT_TRUE(hodges_lehmann_ratio(a, b)->interval->holds(1));
}

TEST(TwoSamples, WhatIsNotFiniteIsNoEvidenceAndEnds) {
  for (const double odd : std::vector<double>{std::nan(""), INFINITY, -INFINITY}) {
    const Values a{1, 2, 3, 4, 5, odd}, b{2, odd, 4, odd, 6, 7};
    EXPECT_EQ(mann_whitney_p(a, b), 1);
    EXPECT_EQ(smallest_mann_whitney_p(a, b), 1);
    EXPECT_FALSE(hodges_lehmann_shift(a, b));
    EXPECT_FALSE(hodges_lehmann_ratio(a, b));
  }
}

TEST(TwoSamples, RatioNeedsPositiveValues) {
  const auto ratio = hodges_lehmann_ratio({1, 2, 4, 8, 16, 32}, {3, 6, 12, 24, 48, 96});
  ASSERT_TRUE(ratio);
  EXPECT_NEAR(ratio->estimate, 3, 1e-12);
  EXPECT_FALSE(hodges_lehmann_ratio({0, 1}, {1, 2}));
}

// Benjamini and Hochberg 1995, section 4.1: fifteen p-values, four of them rejected at 5 %.
TEST(BenjaminiHochberg, TheirMyocardialInfarctionExample) {
  const Values p{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  const auto q = benjamini_hochberg(p);
  EXPECT_NEAR(q[3], 0.0095 * 15 / 4, 1e-12);
  EXPECT_EQ(std::count_if(q.begin(), q.end(), [](double one) { return one <= 0.05; }), 4);
  EXPECT_NEAR(q[7], 0.0344 * 15 / 8, 1e-12);
  EXPECT_NEAR(q[5], 0.0298 * 15 / 7, 1e-12);                // the seventh pulls the sixth down
  EXPECT_EQ(benjamini_hochberg({0.9, 0.01}).front(), 0.9);  // the order given
}

/// How often the 95 % interval holds the true shift, and the test errs, with six sessions a group.
TEST(TwoSamplesSimulation, CoverageAndErrorsOfSixSessions) {
  Random random(11);
  constexpr int kRounds = 4000;
  int held = 0;
  int rejected = 0;
  for (int i = 0; i < kRounds; ++i) {
    Values a, b;  // exponential: skewed as latencies are
    for (int k = 0; k < 6; ++k)
      a.push_back(-std::log(random.unit())), b.push_back(-std::log(random.unit()));
    const auto interval = hodges_lehmann_shift(a, b)->interval.value();
    held += interval.lower <= 0 && 0 <= interval.upper;
    rejected += mann_whitney_p(a, b) <= 0.05;
  }
  EXPECT_GE(held, kRounds * 95 / 100);
  EXPECT_LE(rejected, kRounds * 5 / 100);
  EXPECT_GE(rejected, kRounds * 3 / 100);  // exact: 4.1 % of the deals
}

}  // namespace
}  // namespace isolab
