// SPDX-License-Identifier: Apache-2.0
// IPIs per operation of a workload against what its descriptor expects.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/model/metric.h"
#include "analysis/model/windows.h"
#include "base/cpu_set.h"

namespace isolab {

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
  bool no_background = false;    // more than expected, and no idle window to say what it was
  std::uint64_t ops_needed = 0;  // 0: enough; else nothing is shown below this many, at this rate
  std::string not_applicable;    // nothing was measured, and why
  std::string unknown;           // why nothing is expected; empty: `expected` holds
  std::string source;            // what `expected` follows from; empty in old recordings
};

/// In the window, by the count that the workload's operations are; 0 where it has none.
std::uint64_t operations_of(const WorkRecord& work);

/// Every expectation of the recording. Tolerance: 10 % of what is expected, four standard
/// deviations of the counts and of the idle arm's rate (Poisson's, or what its windows scatter by
/// if that is more), and two operations at the window's edges. Where it is half of what is expected
/// or more (half an IPI where none is expected) and nothing differs, there were too few operations.
std::vector<IpisPerOp> ipis_per_op(const std::vector<ArmWindows>& arms, int idle,
                                   const CpuSet& measured);
void add_ipis_per_op_metrics(const std::vector<IpisPerOp>& all, std::vector<Metric>& out);

}  // namespace isolab
