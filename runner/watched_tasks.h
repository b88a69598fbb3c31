// SPDX-License-Identifier: Apache-2.0
// The tasks of this machine for `isolab watch`, from /proc.
#pragma once

#include <cstdint>
#include <vector>

#include "base/cpu_set.h"
#include "host/files.h"
#include "results/watch_tasks.h"

namespace isolab {

/// Every task now alive. `watched` is set on the threads of process `pid` (0: of none); `stays` is
/// known of these and of tasks that ran on one of `cpus` last. Tasks that end in the meantime are
/// left out. Reads /proc only, which sends no IPI.
std::vector<WatchTask> read_watch_tasks(const Files& files, const CpuSet& cpus, std::int32_t pid);

/// The CPUs that the threads of a process may use. unsupported: there is no such process.
Result<CpuSet> cpus_of_process(const Files& files, std::int32_t pid);

}  // namespace isolab
