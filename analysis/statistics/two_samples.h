// SPDX-License-Identifier: Apache-2.0
// Comparing two small groups of independent values, one value a session, without assuming a
// distribution. Pure functions; every interval is 95 %, two-sided.
#pragma once

#include <optional>
#include <vector>

#include "analysis/statistics/counts.h"
#include "analysis/statistics/median.h"

namespace isolab {

/// Below this many values in a group nothing is judged: with 6 the interval of a median exists, and
/// 6 against 6 reach p = 0.0022 (5 against 5 only 0.0079, which no correction survives).
inline constexpr std::size_t kSessionsForVerdict = kValuesForInterval;

/// Exact two-sided p of the Mann-Whitney test, ties included: the rank sum's distribution over all
/// ways to deal the observed midranks to the groups; twice the smaller tail, at most 1. Above 100
/// values in all, the normal approximation with the tie and continuity corrections. Values within
/// 1e-11 of each other (relative) are equal. 1 where a group is empty or holds a value that is not
/// finite.
double mann_whitney_p(std::vector<double> a, std::vector<double> b);

/// The smallest p that values with these ties could reach in groups of these sizes, however they
/// were dealt: above 0.05 the metric cannot be a test at all (Tarone 1990).
double smallest_mann_whitney_p(std::vector<double> a, std::vector<double> b);

/// Hodges and Lehmann 1963: the median of all differences b - a, and the hull of the shifts that
/// the test above does not reject at 5 % when b is moved by them, ties included (its inversion:
/// Bauer 1972). So the interval excludes 0 exactly when mann_whitney_p() is at most 0.05. A bound
/// is open where the test rejects that shift but none beside it. No interval where the groups are
/// too small for 95 % (4 against 4 reach it).
struct Shift {
  double estimate = 0;
  std::optional<Interval> interval;
};
/// None where a group is empty or holds a value that is not finite.
std::optional<Shift> hodges_lehmann_shift(std::vector<double> a, std::vector<double> b);

/// The same of the ratio b / a, through logarithms. None also unless every value is > 0.
std::optional<Shift> hodges_lehmann_ratio(std::vector<double> a, std::vector<double> b);

/// Benjamini and Hochberg 1995: each p as the smallest false discovery rate at which it would be
/// rejected, in the order given.
std::vector<double> benjamini_hochberg(const std::vector<double>& p);

/// The smallest number of sessions in each group with which one changed metric among `tests` can
/// pass Benjamini-Hochberg at 5 %: 2 / C(2n, n) <= 0.05 / tests.
std::size_t sessions_for_lone_change(std::size_t tests);

}  // namespace isolab
