// SPDX-License-Identifier: Apache-2.0
// The fair server (since Linux 6.12): a deadline reservation that each CPU keeps for ordinary
// tasks, set in debugfs, and a kernel fault in setting it that a busy CPU avoids.
#pragma once

#include <optional>
#include <string_view>

#include "host/process.h"

namespace isolab {

/// The CPU of ".../fair_server/cpu3/runtime" or ".../period"; nullopt: another file.
std::optional<int> fair_server_cpu(std::string_view path);

/// An ordinary task that occupies `cpu` until it is destroyed, in a child process; the caller is
/// single-threaded. Linux 6.12.117 takes the server's bandwidth away once more when its file is
/// written while it is inactive (sched_fair_server_write calls dl_server_stop,
/// kernel/sched/debug.c, deadline.c): the kernel warns "running_bw underflow" and is tainted. While
/// an ordinary task is there the server is active. nullopt: the CPU cannot be occupied, so the
/// fault remains possible.
std::optional<Child> occupy_cpu(int cpu);

}  // namespace isolab
