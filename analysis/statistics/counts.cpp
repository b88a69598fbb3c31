// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics/counts.h"

#include <cmath>
#include <numeric>

#include "analysis/statistics/distributions.h"

namespace isolab {
namespace {

/// Garwood's interval.
Interval two_sided(std::uint64_t count) {
  const auto n = static_cast<double>(count);
  return {count == 0 ? 0 : gamma_p_inverse(n, kTail95), gamma_p_inverse(n + 1, 1 - kTail95)};
}

}  // namespace

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
  return gamma_q(static_cast<double>(counts.size() - 1) / 2, chi_square / 2);
}

bool carries_quantile(std::uint64_t samples, double share) {
  return static_cast<double>(samples) * (1 - share) >= 10 * (1 - 1e-9);
}

}  // namespace isolab
