// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/late_delivery.h"

#include <algorithm>

namespace isolab {

LateTime judge_late(const CpuAttribution& cpu, const ProbeCpu& probe, const SilentGaps& silent_gaps,
                    const WindowRecord& window) {
  LateTime out;
  for (const auto& late : cpu.late) {
    const bool in_phase = silent_gaps.period_of(probe.gaps[late.index]) != nullptr;
    out.ticks += late.ticks;
    out.gaps += late.triggered;
    if (!in_phase) continue;
    out.in_phase += late.ticks;
    out.phase_gaps += late.triggered;
  }
  for (const auto& time : window.cpu_times) {
    if (time.cpu != cpu.cpu || time.steal <= 0) continue;
    const auto stolen =
        static_cast<std::uint64_t>(time.steal * window.probe.line.ticks_per_second());
    const auto silent = silent_gaps.time().unexplained_ticks;
    out.stolen = std::min(out.ticks - out.in_phase, stolen - std::min(stolen, silent));
  }
  return out;
}

}  // namespace isolab
