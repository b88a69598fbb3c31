// SPDX-License-Identifier: Apache-2.0
// A cgroup (v2) around a run: whatever it starts, however deep, can be found and killed as one. No
// controller is switched on, so nothing is limited or accounted that was not before.
#pragma once

#include <string>

#include "base/result.h"
#include "host/files.h"

namespace isolab {

/// The directory of the cgroup v2 this process lives in, "/sys/fs/cgroup/user.slice/...";
/// unsupported where no cgroup v2 is mounted (v1 alone, none, many containers).
Result<std::string> own_cgroup(const Files& files);
/// Where cgroup v2 is mounted.
Result<std::string> cgroup2_mount(const Files& files);

/// Moves the calling process there; what it forks later is born there.
Result<void> enter_cgroup(Files& files, const std::string& cgroup);

/// The calling thread alone, into a threaded cgroup below the one its process is in.
Result<void> enter_cgroup_as_thread(Files& files, const std::string& cgroup);

/// Kills everything in it (cgroup.kill, Linux 5.14; else one by one) and waits until it is empty, 2
/// s at most; io names a process that would not die.
Result<void> kill_cgroup(Files& files, const std::string& cgroup);

}  // namespace isolab
