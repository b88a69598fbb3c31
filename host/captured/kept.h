// SPDX-License-Identifier: Apache-2.0
// What a capture keeps of the processes of a machine: names, numbers, affinities, and descriptors
// that can interrupt other CPUs. No command lines, environments, memory, or names of users' files.
#pragma once

#include <string>
#include <string_view>

namespace isolab {

/// Whether the target of /proc/PID/fd/N is something by which a process can interrupt other CPUs:
/// their registers, counters, BPF programs, timers, guests, or files of the processor's frequency.
bool interrupts_others(std::string_view target);

/// Whether `path` is below the directory of a process: /proc/NUMBER/...
bool is_in_process(std::string_view path);

/// `text` of `path` as it is stored: of /proc/NUMBER/... the rows that facts and readiness read, of
/// /proc/timer_list the timers without addresses and times; all other files as they are.
std::string kept_text(const std::string& path, const std::string& text);

}  // namespace isolab
