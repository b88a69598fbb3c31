// SPDX-License-Identifier: Apache-2.0
// What interrupted the measured CPUs in an arm, all of its traced CPUs and windows together.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/findings.h"

namespace isolab {

/// Seconds of the noise budget of one CPU: lost to the probe, of that without an explanation
/// (silent gaps and late delivery without a proof), of that outside the kernel.
struct LostTime {
  double lost_s = 0, unexplained_s = 0, outside_s = 0;
};
LostTime lost_time(const CpuInterruptions& cpu);

/// The seconds that the CPU's gap log covers; what is said of gaps by the second divides by it.
double gap_seconds(const CpuInterruptions& cpu);

/// "task kworker/1:2", "softirq RCU", "reschedule IPI"; of a function call its function.
std::string short_name(const CauseName& name);

struct ArmCause {
  CauseName name;
  double per_s = 0;          // runs or IPIs, per CPU-second
  double lost_us_per_s = 0;  // per CPU-second; 0 where no gap was measured
  SenderRow sender;          // the most frequent; count 0: none is known
};

struct ArmCauses {
  bool traced = false;           // at least one CPU of the arm
  bool timed = false;            // with gaps: `lost` and ArmCause::lost_us_per_s are known
  LostTime lost;                 // summed over the CPUs
  std::vector<ArmCause> causes;  // by lost time, then by how often
};
ArmCauses causes_of(const Findings& findings, const std::string& arm);

}  // namespace isolab
