// SPDX-License-Identifier: Apache-2.0
// The ratio of two rates of events that were counted session by session. Pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/statistics/counts.h"

namespace isolab {

struct CountedSession {
  std::uint64_t count = 0;
  double exposure = 0;  // > 0, in any one unit
};

/// A ratio may be 0 or infinite, and so may the bounds.
struct RateRatio {
  double estimate = 0;  // rate of b over rate of a; NaN where neither saw anything
  Interval exact;       // one constant rate in each group
  Interval interval;    // the hull of `exact` and the sessions' bootstrap
};

/// `exact`: Clopper and Pearson's interval of b's share of all events, whose odds are the rate
/// ratio times that of the observation times (Przyborowski and Wilenski 1940; R's poisson.test).
/// It does not account for bursts of events, so `interval` is widened by resampling whole
/// sessions: 2000 times, with a fixed seed, and percentiles expanded for few sessions (Hesterberg
/// 2015, section 3.3: Student's t with n - 1 degrees of freedom for the normal quantile). One
/// session per group cannot widen it.
RateRatio rate_ratio(const std::vector<CountedSession>& a, const std::vector<CountedSession>& b);

/// The 95 % interval of a group's pooled rate, widened the same way: exact Poisson (one-sided for
/// a zero, see poisson_interval) and the sessions' bootstrap. In events per unit of observation
/// time.
Interval pooled_rate_interval(const std::vector<CountedSession>& sessions);

}  // namespace isolab
