// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics/counts.h"

#include <cmath>
#include <limits>
#include <numeric>

namespace isolab {
namespace {

constexpr double kTiny = 1e-300;
constexpr double kEpsilon = 1e-15;
constexpr int kMostTerms = 100000;
constexpr std::uint64_t kExactCounts = 10000;
constexpr double kTail = 0.025;
constexpr double kNormal = 1.959963984540054;  // the normal quantile of 1 - kTail

/// x^a e^-x / Gamma(a), the factor both expansions share.
double leading_factor(double a, double x) { return std::exp(a * std::log(x) - x - std::lgamma(a)); }

double lower_series(double a, double x) {
  double term = 1 / a;
  double sum = term;
  for (int n = 1; n < kMostTerms && term > sum * kEpsilon; ++n) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * leading_factor(a, x);
}

/// The upper function Q(a, x) by the modified Lentz method.
double upper_fraction(double a, double x) {
  double b = x + 1 - a;
  double c = 1 / kTiny;
  double d = 1 / b;
  double product = d;
  for (int n = 1; n < kMostTerms; ++n) {
    const double numerator = -n * (n - a);
    b += 2;
    d = numerator * d + b;
    if (std::abs(d) < kTiny) d = kTiny;
    c = b + numerator / c;
    if (std::abs(c) < kTiny) c = kTiny;
    d = 1 / d;
    const double factor = d * c;
    product *= factor;
    if (std::abs(factor - 1) < kEpsilon) break;
  }
  return product * leading_factor(a, x);
}

/// Wilson and Hilferty 1931: the gamma quantile of shape a at normal deviate z.
double wilson_hilferty(double a, double z) {
  const double cube_root = 1 - 1 / (9 * a) + z / (3 * std::sqrt(a));
  return a * cube_root * cube_root * cube_root;
}

Interval two_sided(std::uint64_t count) {
  const auto n = static_cast<double>(count);
  if (count > kExactCounts) return {wilson_hilferty(n, -kNormal), wilson_hilferty(n + 1, kNormal)};
  return {count == 0 ? 0 : gamma_p_inverse(n, kTail), gamma_p_inverse(n + 1, 1 - kTail)};
}

}  // namespace

double gamma_p(double a, double x) {
  if (x <= 0) return 0;
  return x < a + 1 ? lower_series(a, x) : 1 - upper_fraction(a, x);
}

double gamma_p_inverse(double a, double p) {
  double low = 0;
  double high = a + 10 * std::sqrt(a) + 10;
  while (gamma_p(a, high) < p) high *= 2;
  // Bisection down to the last bit: 60 steps, and no case in which it does not converge.
  for (int i = 0; i < 200; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (gamma_p(a, middle) < p ? low : high) = middle;
  }
  return high;
}

Interval poisson_interval(std::uint64_t count) {
  if (count == 0) return {0, -std::log(0.05)};
  return two_sided(count);
}

Interval rate_difference_interval(std::uint64_t a, double time_a, std::uint64_t b, double time_b) {
  const double rate_a = static_cast<double>(a) / time_a;
  const double rate_b = static_cast<double>(b) / time_b;
  const Interval of_a = two_sided(a);
  const Interval of_b = two_sided(b);
  const double difference = rate_a - rate_b;
  return {difference - std::hypot(rate_a - of_a.lower / time_a, of_b.upper / time_b - rate_b),
          difference + std::hypot(of_a.upper / time_a - rate_a, rate_b - of_b.lower / time_b)};
}

double same_rate_probability(const std::vector<std::uint64_t>& counts,
                             const std::vector<double>& exposures) {
  const double events =
      static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}));
  const double exposure = std::accumulate(exposures.begin(), exposures.end(), 0.0);
  if (counts.size() < 2 || events == 0 || exposure <= 0) return 1;
  double chi_square = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = events * exposures[i] / exposure;
    if (expected <= 0) continue;
    const double off = static_cast<double>(counts[i]) - expected;
    chi_square += off * off / expected;
  }
  return 1 - gamma_p(static_cast<double>(counts.size() - 1) / 2, chi_square / 2);
}

bool carries_quantile(std::uint64_t samples, double share) {
  return static_cast<double>(samples) * (1 - share) >= 10 * (1 - 1e-9);
}

}  // namespace isolab
