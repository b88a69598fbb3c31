// SPDX-License-Identifier: Apache-2.0
// What each arm changed on the measured CPUs: every row of the report's tables against the same row
// of the idle arm (analysis/model/effects.h). A pure function.
#pragma once

#include <vector>

#include "analysis/model/effects.h"
#include "analysis/model/interruptions.h"
#include "analysis/model/windows.h"
#include "base/cpu_set.h"

namespace isolab {

/// Of each arm with windows but the idle one; none without an idle arm. A row is tested where both
/// arms counted it and one of them saw anything: exact conditional test of two Poisson rates
/// (Przyborowski and Wilenski 1940), the counts divided by the windows' dispersion where that is
/// more than Poisson's. Time is counted in units of its size (time lost: the mean of a gap
/// weighted by its length; cpu_time: 10 ms). p is corrected by Holm (1979) over the rows of one
/// arm, those of all CPUs together and those of single CPUs each a family. A change also needs a
/// ratio of at least 1.25 or at most 0.8, 1 us/s of time lost or 0.1 % of cpu_time, and a 95 %
/// interval over the windows (rate_ratio) that excludes 1.
std::vector<ArmEffect> arm_effects(const std::vector<ArmWindows>& arms, int idle,
                                   const CpuSet& measured, const Interruptions& interruptions);

}  // namespace isolab
