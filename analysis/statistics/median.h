// SPDX-License-Identifier: Apache-2.0
// The median of a few values or of many, with an interval free of distribution. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "analysis/statistics/counts.h"

namespace isolab {

/// Below this many values no interval of the median reaches 95 %: their extremes hold it with
/// 93.75 % at 5.
inline constexpr std::size_t kValuesForInterval = 6;

/// The mean of the two middle values where the number is even; `values` is not empty.
double median(std::vector<double> values);

/// Order statistics that hold the median with at least 95 %, exactly (the sign test's interval:
/// Conover, Practical Nonparametric Statistics, section 3.2). None below kValuesForInterval values.
std::optional<Interval> median_interval(std::vector<double> values);

/// The same of values in ascending order.
double median_of_sorted(std::span<const double> values);
std::optional<Interval> median_interval_of_sorted(std::span<const double> values);

/// The median of one value per repeat and its interval.
struct Estimate {
  double value = 0;
  std::optional<double> lower95, upper95;
  double least = 0, most = 0;
  int repeats = 0;
};
/// nullopt without values.
std::optional<Estimate> median_estimate(std::vector<double> values);

}  // namespace isolab
