// SPDX-License-Identifier: Apache-2.0
// The one place where two readings of a kernel or workload counter are subtracted.
#pragma once

#include <cstdint>
#include <optional>

#include "base/records.h"

namespace isolab {

/// What happened to a row of /proc/interrupts or /proc/softirqs on one CPU between two readings.
enum class CounterStep {
  grew,     // or stayed as it was
  wrapped,  // past 2^32: the kernel counts in unsigned int (irq_cpustat_t, kstat_irqs; 6.1 to 6.18)
  restarted,  // of a device: its descriptor was freed and made again, so it counts from zero
  absent,     // one reading does not have the CPU (offline at that edge) or the row: the gain is
              // unknown
};

/// Only the rows of devices can restart; rows of the architecture and of softirqs keep counting for
/// as long as the kernel runs, so a fall of theirs is a wrap. A device row that fell is taken as a
/// wrap where that is the smaller step (below 2^31 modulo 2^32) and as restarted else.
CounterStep counter_step(const CounterRow& row, int cpu);

/// What a counter of 64 bits that only grows gained between two readings (/proc/vmstat, rusage,
/// counts of a workload). Nothing where it fell: it began again, and its gain is unknown.
inline std::optional<std::uint64_t> counter_gain(std::uint64_t before, std::uint64_t after) {
  if (after < before) return std::nullopt;
  return after - before;
}

/// The same of a thread's counts (getrusage(2), /proc/PID/task), which fall only where a reading
/// failed: 0 then. The CPU is the later reading's.
Footprint footprint_gain(const Footprint& before, const Footprint& after);

}  // namespace isolab
