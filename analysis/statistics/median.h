// SPDX-License-Identifier: Apache-2.0
// The median of a few values, with an interval free of distribution. Pure.
#pragma once

#include <optional>
#include <vector>

namespace isolab {

/// The median of one value per repeat. Interval: order statistics, exact and free of distribution
/// (the binomial of n and 1/2); there is none at 95 % below 6 repeats.
struct Estimate {
  double value = 0;
  std::optional<double> lower95, upper95;
  double least = 0, most = 0;
  int repeats = 0;
};
inline constexpr int kRepeatsForInterval = 6;
/// nullopt without values.
std::optional<Estimate> median_estimate(std::vector<double> values);

}  // namespace isolab
