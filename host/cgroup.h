// SPDX-License-Identifier: Apache-2.0
// A cgroup (v2) around a run: whatever it starts, however deep, can be found and killed as one. No
// controller is switched on, so nothing is limited or accounted that was not before.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/files.h"

namespace isolab {

/// Our path below the mount of a v1 controller's hierarchy, or of v2 for "": "/" or "/a/b"
/// (cgroups(7), /proc/PID/cgroup). Nothing where it is in none, outside of this cgroup namespace or
/// removed.
std::optional<std::string> own_cgroup_path(const Files& files, std::string_view controller);
/// `path` as above and the cgroups it is in, the root last: "/a/b", "/a", "".
std::vector<std::string> up_to_root(std::string path);

/// The directory of the cgroup v2 this process lives in, "/sys/fs/cgroup/user.slice/...";
/// unsupported where no cgroup v2 is mounted (v1 alone, none, many containers).
Result<std::string> own_cgroup(const Files& files);
/// Where cgroup v2 is mounted.
Result<std::string> cgroup2_mount(const Files& files);

/// Moves the calling process there; what it forks later is born there.
Result<void> enter_cgroup(Files& files, const std::string& cgroup);

/// The calling thread alone, into a threaded cgroup below the one its process is in.
Result<void> enter_cgroup_as_thread(Files& files, const std::string& cgroup);

/// The processes in it and in the cgroups below it; 0 stands for one of another PID namespace.
Result<std::vector<pid_t>> processes_of(const Files& files, const std::string& cgroup);

/// Kills everything in it and below (cgroup.kill, Linux 5.14; else one by one) and waits until it
/// is empty, 2 s at most; io names a process that would not die.
Result<void> kill_cgroup(Files& files, const std::string& cgroup);

/// Removes it and the cgroups that something made below it. Nothing may live there any more.
Result<void> remove_cgroup(Files& files, const std::string& cgroup);

}  // namespace isolab
