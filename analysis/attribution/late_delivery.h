// SPDX-License-Identifier: Apache-2.0
// Late delivery: time of gaps in which the CPU neither ran the probe nor, by the trace, anything
// else, around an interrupt that was delivered far later than usual. It is unexplained unless there
// is a proof that the time was outside the kernel: the gap keeps to a timer that silent gaps
// showed, or the hypervisor's steal counter covers it.
#pragma once

#include "analysis/attribution/attribution.h"
#include "analysis/attribution/silent_gaps.h"
#include "base/records.h"

namespace isolab {

/// Of one CPU in one window, in ticks.
struct LateTime {
  std::uint64_t ticks = 0, gaps = 0;           // all; gaps that begin with it
  std::uint64_t in_phase = 0, phase_gaps = 0;  // of them: in phase with a timer outside the kernel
  std::uint64_t stolen = 0;                    // of the rest: at least this much was stolen (steal)
  std::uint64_t outside() const { return in_phase + stolen; }
};

/// `steal` counts in clock ticks of 10 ms, so it proves only what is left of it when all silent and
/// unexplained gaps were stolen too.
LateTime judge_late(const CpuAttribution& cpu, const ProbeCpu& probe, const SilentGaps& silent_gaps,
                    const WindowRecord& window);

}  // namespace isolab
