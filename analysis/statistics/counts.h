// SPDX-License-Identifier: Apache-2.0
// Counting statistics: how far a measured rate can be from the true one. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

namespace isolab {

/// What a two-sided interval of 95 % leaves out on each side.
inline constexpr double kTail95 = 0.025;

struct Interval {
  double lower = 0;
  double upper = 0;
  bool lower_open = false, upper_open = false;  // the bound itself is not of the interval
  bool holds(double value) const {
    return (lower_open ? lower < value : lower <= value) &&
           (upper_open ? value < upper : value <= upper);
  }
};

/// The 95 % interval of the mean of a Poisson count (Garwood 1936): two-sided, 2.5 % on each side.
/// Nothing seen bounds the mean from above only, so a zero gets the one-sided 95 % bound
/// -ln(0.05) = 3.0 ("rule of three").
Interval poisson_interval(std::uint64_t count);

/// The 95 % interval of the difference a/time_a - b/time_b of two Poisson rates, from their exact
/// two-sided intervals (MOVER: Zou and Donner 2008). Times are > 0.
Interval rate_difference_interval(std::uint64_t a, double time_a, std::uint64_t b, double time_b);

/// How likely counts this different, or more, are in equal observation times if one rate made them
/// all: the upper tail of the dispersion test, chi-square with n - 1 degrees of freedom. 1 below
/// two counts or without any event.
double same_rate_probability(const std::vector<std::uint64_t>& counts,
                             const std::vector<double>& exposures);

/// Whether `samples` carry the quantile `share`: at least 10 samples lie beyond it.
bool carries_quantile(std::uint64_t samples, double share);

}  // namespace isolab
