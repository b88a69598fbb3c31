// SPDX-License-Identifier: Apache-2.0
// Processes by their parentage.
#pragma once

#include <sys/types.h>

#include <vector>

#include "host/files.h"

namespace isolab {

/// All living descendants of a process, deepest last, from /proc/*/stat.
std::vector<pid_t> descendants_of(const Files& files, pid_t ancestor);

}  // namespace isolab
