// SPDX-License-Identifier: Apache-2.0
// Counting statistics: how far a measured rate can be from the true one. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

namespace isolab {

struct Interval {
  double lower = 0;
  double upper = 0;
  bool lower_open = false, upper_open = false;  // the bound itself is not of the interval
  bool holds(double value) const {
    return (lower_open ? lower < value : lower <= value) &&
           (upper_open ? value < upper : value <= upper);
  }
};

/// Regularised lower incomplete gamma function P(a, x); a > 0, x >= 0. Relative error below 1e-10
/// for a <= 1e4. Series for x < a + 1, Lentz's continued fraction else (Abramowitz and Stegun 6.5).
double gamma_p(double a, double x);

/// The x with P(a, x) = p; 0 < p < 1.
double gamma_p_inverse(double a, double p);

/// The 95 % interval of the mean of a Poisson count (Garwood 1936): two-sided, 2.5 % on each side.
/// Nothing seen bounds the mean from above only, so a zero gets the one-sided 95 % bound
/// -ln(0.05) = 3.0 ("rule of three"). Above 10000 events by the Wilson-Hilferty formula, which is
/// there within 1e-6 of the exact bounds.
Interval poisson_interval(std::uint64_t count);

/// The 95 % interval of the difference a/time_a - b/time_b of two Poisson rates, from their exact
/// two-sided intervals (MOVER: Zou and Donner 2008). Times are > 0.
Interval rate_difference_interval(std::uint64_t a, double time_a, std::uint64_t b, double time_b);

/// How likely counts this different, or more, are in equal exposures if one rate made them all: the
/// upper tail of the dispersion test, chi-square with n - 1 degrees of freedom. 1 below two counts
/// or without any event.
double same_rate_probability(const std::vector<std::uint64_t>& counts,
                             const std::vector<double>& exposures);

/// Whether `samples` carry the quantile `share`: at least 10 samples lie beyond it.
bool carries_quantile(std::uint64_t samples, double share);

}  // namespace isolab
