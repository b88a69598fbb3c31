// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "analysis/attribution/gap_timeline.h"
#include "analysis/attribution/tables.h"
#include "base/records.h"

namespace isolab {

/// Something that happened in a gap.
struct Cause {
  CauseId id = kNoCause;
  std::uint64_t time = 0;       // ticks
  std::uint32_t times = 1;      // of the same kind in a row (page faults, softirqs, NMI handlers)
  bool same_ipi = false;        // a further callback of the IPI before it
  bool by_order = false;        // joined by order only, not by pointer
  std::int32_t pid = -1;        // of the task switched to
  std::int16_t prio = 0;        // of that task, as the kernel counts (sched_switch)
  Sender sender;                // of a timer: who armed it
  std::int32_t woken_pid = -1;  // the first task that it woke
  CommId woken = 0;
};

/// One gap with everything that happened in it: `slices`, `trigger` and `main` are set when the gap
/// is booked, the rest while its events pass.
struct GapStory {
  static constexpr std::size_t kMostCauses = 16;
  int cpu = 0;
  std::size_t index = 0;  // of the gap in the CPU's list
  Gap gap;
  std::uint64_t events = 0;           // 0: silent
  std::uint64_t first = 0, last = 0;  // ticks of the first and last event
  std::vector<Cause> causes;          // up to kMostCauses
  std::uint64_t more_causes = 0;
  std::vector<Slice> slices;   // every tick on a cause; empty for a silent gap
  CauseId trigger = kNoCause;  // of the first slice
  CauseId main = kNoCause;     // with the most time
  std::uint64_t away = 0;      // ticks of other tasks
  std::uint64_t late = 0;      // ticks of late delivery

  std::uint64_t before() const { return events == 0 ? 0 : std::max(first, gap.start) - gap.start; }
  std::uint64_t traced() const { return last - first; }
  std::uint64_t after() const {
    const auto end = gap.start + gap.length;
    return events == 0 || last > end ? 0 : end - last;
  }
};

}  // namespace isolab
