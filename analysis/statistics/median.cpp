// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics/median.h"

#include <algorithm>

#include "analysis/statistics/distributions.h"

namespace isolab {
namespace {

/// The interval is from the k-th smallest of n values to the k-th largest, with the largest k for
/// which P(Binomial(n, 1/2) < k) = I_1/2(n - k + 1, k) is at most 2.5 %; 0: there is none.
std::size_t interval_rank(std::size_t n) {
  std::size_t low = 0, high = n / 2 + 1;
  while (high - low > 1) {
    const std::size_t k = low + (high - low) / 2;
    const bool small =
        incomplete_beta(static_cast<double>(n - k + 1), static_cast<double>(k), 0.5) <= kTail95;
    (small ? low : high) = k;
  }
  return low;
}

}  // namespace

double median_of_sorted(std::span<const double> values) {
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::optional<Interval> median_interval_of_sorted(std::span<const double> values) {
  const std::size_t rank = interval_rank(values.size());
  if (rank == 0) return std::nullopt;
  return Interval{values[rank - 1], values[values.size() - rank]};
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return median_of_sorted(values);
}

std::optional<Interval> median_interval(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return median_interval_of_sorted(values);
}

std::optional<Estimate> median_estimate(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  Estimate out;
  out.value = median_of_sorted(values);
  if (const auto interval = median_interval_of_sorted(values); interval)
    out.lower95 = interval->lower, out.upper95 = interval->upper;
  out.least = values.front();
  out.most = values.back();
  out.repeats = static_cast<int>(values.size());
  return out;
}

}  // namespace isolab
