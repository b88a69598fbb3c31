// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics/median.h"

#include <algorithm>
#include <cmath>

namespace isolab {
namespace {

constexpr double kMedianTail = 0.025;

}  // namespace

std::optional<Estimate> median_estimate(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  Estimate out;
  out.value = n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
  out.least = values.front();
  out.most = values.back();
  out.repeats = static_cast<int>(n);
  // [x(k), x(n+1-k)] misses the median with 2 P(Bin(n, 1/2) < k): the largest k that keeps 5 %.
  double term = std::pow(0.5, static_cast<double>(n));  // P(Bin = 0)
  double below = term;
  std::size_t k = 0;
  while (k < n / 2 && below <= kMedianTail) {
    ++k;
    term *= static_cast<double>(n - k + 1) / static_cast<double>(k);
    below += term;
  }
  if (k > 0) {
    out.lower95 = values[k - 1];
    out.upper95 = values[n - k];
  }
  return out;
}

}  // namespace isolab
