// SPDX-License-Identifier: Apache-2.0
// The lines and bars of the charts, thinned to what can be drawn.
#pragma once

#include "analysis/pooling.h"

namespace isolab {

Series make_series(const std::vector<ArmWindows>& arms, const CpuSet& measured,
                   const std::vector<Metric>& metrics);

/// At most `most` points over `seconds`: the largest of each equal slice of time. Keeps order.
std::vector<Point> keep_largest(const std::vector<Point>& points, double seconds, std::size_t most);

}  // namespace isolab
