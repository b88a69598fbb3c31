// SPDX-License-Identifier: Apache-2.0
// The lines of a comparison's charts.
#pragma once

#include <vector>

#include "analysis/model/comparison.h"

namespace isolab {

std::vector<GroupSeries> group_series(const std::vector<SessionGroup>& groups);
std::vector<ScalingLine> scaling_lines(const std::vector<ComparedMetric>& metrics,
                                       const std::vector<SessionGroup>& groups);

}  // namespace isolab
