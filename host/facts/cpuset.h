// SPDX-License-Identifier: Apache-2.0
// Which CPUs the cgroup of this process may use. Changes nothing.
#pragma once

#include <optional>

#include "base/cpu_set.h"
#include "host/files.h"

namespace isolab {

/// The effective CPUs of the cpuset this process is in: cgroup v2 cpuset.cpus.effective or v1
/// cpuset.effective_cpus of the nearest cgroup that has the file, wherever the hierarchy is
/// mounted. Nothing: no cpuset limits this process, or none can be read. An affinity mask is not
/// counted, since a process can widen its own.
std::optional<CpuSet> cpuset_cpus(const Files& files);

}  // namespace isolab
