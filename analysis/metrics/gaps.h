// SPDX-License-Identifier: Apache-2.0
// The data of the probe as metrics: counts over thresholds, percentiles, maximum, time lost.
#pragma once

#include "analysis/model/metric.h"
#include "analysis/model/windows.h"

namespace isolab {

/// All metrics of the probe for one arm: each measured CPU, then cpu "all".
void add_gap_metrics(const ArmWindows& arm, const CpuSet& measured, std::vector<Metric>& out);

}  // namespace isolab
