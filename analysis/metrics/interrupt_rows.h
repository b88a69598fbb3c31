// SPDX-License-Identifier: Apache-2.0
// Interrupt rows of the measured CPUs as rates, and their difference to the idle arm.
#pragma once

#include <optional>
#include <set>

#include "analysis/metrics/rates.h"
#include "analysis/model/windows.h"

namespace isolab {

/// The name a row has in metrics: its kind ("function_call") for rows that mean the same on every
/// architecture, otherwise its distinguishing name ("irq 24 nvme0q1", "softirq RCU", "other HRE").
std::string row_name(const CounterRow& row);

/// Growth of each row on `cpu` (-1: on each of `measured`) in one window, summed over rows of one
/// name. A CPU that is missing in one of the readings (offline at an edge) has no part: its count
/// is unknown.
std::map<std::string, std::vector<Counted>> row_counts(const WindowRecord& window,
                                                       const CpuSet& measured, int cpu);

/// Rows worth a line: the IPI kinds and the timer of this machine, zero or not, and every other row
/// that grew on a measured CPU in some window.
std::vector<std::string> rows_to_show(const std::vector<ArmWindows>& arms, const CpuSet& measured);

/// interrupts_per_second and interrupts_over_idle.
void add_interrupt_metrics(const std::vector<ArmWindows>& arms, int idle, const CpuSet& measured,
                           std::vector<Metric>& out);

}  // namespace isolab
