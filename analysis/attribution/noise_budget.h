// SPDX-License-Identifier: Apache-2.0
// Where a CPU's time went: wall time = useful time + time of each class + outside the kernel +
// unexplained + what the gap log had no room for. In counter ticks, so that it sums exactly.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/attribution/attribution.h"
#include "analysis/attribution/late_delivery.h"
#include "analysis/attribution/silent_gaps.h"
#include "analysis/model/noise_budget.h"
#include "base/records.h"

namespace isolab {

/// Time is that of the gaps' slices. Late delivery that was proven to be outside the kernel is
/// there.
NoiseBudget make_noise_budget(const CpuAttribution& cpu, const CauseNames& names,
                              const ProbeCpu& probe, const SilentTime& silent,
                              const LateTime& late);

}  // namespace isolab
