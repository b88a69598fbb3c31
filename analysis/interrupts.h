// SPDX-License-Identifier: Apache-2.0
// Interrupt rows of the measured CPUs as rates, their difference to the idle arm, and IPIs per
// operation of a workload against what its descriptor expects.
#pragma once

#include <optional>
#include <set>

#include "analysis/pooling.h"

namespace isolab {

/// The name a row has in metrics: its kind ("function_call") for rows that mean the same on every
/// architecture, else what tells it apart ("irq 24 nvme0q1", "softirq RCU", "other HRE").
std::string row_name(const CounterRow& row);

/// Growth of each row on `cpu` (-1: on each of `measured`) in one window, summed over rows of one
/// name. A CPU that one of the readings lacks (offline at an edge) has no part: its count is
/// unknown.
std::map<std::string, std::vector<Counted>> row_counts(const WindowRecord& window,
                                                       const CpuSet& measured, int cpu);

/// Rows worth a line: the IPI kinds and the timer of this machine, zero or not, and every other row
/// that grew on a measured CPU in some window.
std::vector<std::string> rows_to_show(const std::vector<ArmWindows>& arms, const CpuSet& measured);

/// interrupts_per_second and interrupts_over_idle.
void add_interrupt_metrics(const std::vector<ArmWindows>& arms, int idle, const CpuSet& measured,
                           std::vector<Metric>& out);

/// One workload's IPIs per operation, measured beside expected.
struct IpisPerOp {
  std::string arm, workload, row;
  std::string op;        // what an operation is: a count of the workload
  double expected = 0;   // with the splits
  double splits = 0;     // of the direct map in the windows, where the workload makes them
  double measured = 0;   // on the average measured CPU
  double tolerance = 0;  // how far the two may be apart before the kernel is called different
  std::uint64_t ops = 0;
  double seconds = 0;  // CPU-seconds
  int windows = 0;
  bool differs = false;
  std::string not_applicable;  // nothing was measured, and why
  std::string unknown;         // why nothing is expected; empty: `expected` holds
  std::string source;          // what `expected` follows from; empty in old recordings
};

/// Every expectation of the recording. Tolerance: 10 % of what is expected, four standard
/// deviations of the counts and of the idle arm's rate (Poisson's, or what its windows scatter by
/// if that is more), and two operations at the window's edges.
std::vector<IpisPerOp> ipis_per_op(const std::vector<ArmWindows>& arms, int idle,
                                   const CpuSet& measured);
void add_ipis_per_op_metrics(const std::vector<IpisPerOp>& all, std::vector<Metric>& out);

}  // namespace isolab
