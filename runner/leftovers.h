// SPDX-License-Identifier: Apache-2.0
// Ends processes that workloads left running: a workload's command may start another session and
// outlive it. The caller is a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER), so every orphan below
// it becomes its child, at any depth.
#pragma once

#include <string>
#include <vector>

#include "host/files.h"

namespace isolab {

struct Leftovers {
  std::vector<std::string> killed;    // "NAME (PID)" of what was alive; names are of others
  std::vector<std::string> stubborn;  // those that did not die within 5 s
};

/// Kills all that descends from the calling process, and reaps it: no child of it that is still
/// waited for may be alive.
Leftovers end_descendants(const Files& files);

/// The same, and before it all that lives in `cgroup` and below, at once (host/cgroup.h): nothing
/// there forks faster than it is found by parentage. Empty or no cgroup: parentage alone.
Leftovers end_leftovers(Files& files, const std::string& cgroup);

/// "a (1), b (2)", the first eight and how many more.
std::string listed(const std::vector<std::string>& names);

}  // namespace isolab
