// SPDX-License-Identifier: Apache-2.0
// Work done by the workloads, the time of CPUs and processes, and the probe's own footprint.
#pragma once

#include "analysis/model/metric.h"
#include "analysis/model/windows.h"

namespace isolab {

void add_work_metrics(const ArmWindows& arm, std::vector<Metric>& out);
void add_time_metrics(const ArmWindows& arm, const CpuSet& measured, const CpuSet& housekeeping,
                      std::vector<Metric>& out);
void add_footprint_metrics(const ArmWindows& arm, const CpuSet& measured, std::vector<Metric>& out);

/// The fields of a CpuTime by name.
struct CpuState {
  const char* name;
  double CpuTime::*seconds;
};
inline constexpr CpuState kCpuStates[] = {
    {"user", &CpuTime::user},       {"system", &CpuTime::system}, {"irq", &CpuTime::irq},
    {"softirq", &CpuTime::softirq}, {"steal", &CpuTime::steal},   {"idle", &CpuTime::idle}};

struct FootprintCount {
  const char* name;
  std::uint64_t Footprint::*count;
};
inline constexpr FootprintCount kFootprintCounts[] = {
    {"voluntary_switches", &Footprint::voluntary_switches},
    {"involuntary_switches", &Footprint::involuntary_switches},
    {"minor_faults", &Footprint::minor_faults},
    {"major_faults", &Footprint::major_faults}};

}  // namespace isolab
