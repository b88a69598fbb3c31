// SPDX-License-Identifier: Apache-2.0
// What can be refused or warned about before a busy loop runs: pure functions over kernel files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/records.h"
#include "base/result.h"
#include "host/facts/facts.h"

namespace isolab {

/// Refuses CPUs that do not exist, and measured CPUs that are also housekeeping.
Result<void> check_measured_cpus(const HostFacts& facts, const CpuSet& measured,
                                 const CpuSet& housekeeping);

/// Whatever takes a CPU away from a real-time thread that never sleeps, each as a whole sentence;
/// empty: nothing will. Sources: sched_rt_runtime_us (kernel/sched/rt.c; since 6.12 it throttles
/// only with RT_GROUP_SCHED) and the deadline fair server (debugfs sched/fair_server, since 6.12).
std::vector<std::string> real_time_holes(const Host& host, const CpuSet& measured);

/// SMT siblings of a measured CPU that are not measured themselves run other code on the same core.
std::vector<Warning> sibling_warnings(const HostFacts& facts, const CpuSet& measured);

/// NUMA balancing unmaps pages to detect accesses: faults inside the window.
std::vector<Warning> numa_balancing_warnings(const Files& files);

/// Refuses locked memory of more than a quarter of what is available.
Result<void> check_log_memory(const HostFacts& facts, const CpuSet& measured,
                              std::uint64_t bytes_per_cpu);

}  // namespace isolab
