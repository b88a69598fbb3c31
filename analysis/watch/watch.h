// SPDX-License-Identifier: Apache-2.0
// What `isolab watch` says of a window: where the time of the watched tasks went, and what stole
// it. Pure: a window's record and its raw files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "analysis/model/cause_name.h"
#include "analysis/watch/task_times.h"
#include "base/records.h"
#include "base/result.h"

namespace isolab {

/// Who queued the call or sent the IPI that was received most often.
struct WatchSender {
  std::string comm;
  std::int32_t pid = -1;
  int cpu = -1;
  std::string callsite;     // "smp_call_function_many_cond+0x1a/0x40"
  std::uint64_t sends = 0;  // of this task name, callsite and stack
  std::size_t others = 0;   // further senders
};

/// One cause of stolen time on all watched CPUs.
struct WatchCause {
  CauseName name;
  std::uint64_t slices = 0;        // stolen slices in which it has time
  std::uint64_t ticks = 0;         // in them
  std::uint64_t longest = 0;       // its most time in one slice, ticks
  double longest_at_s = 0;         // since the window's begin
  std::vector<std::int32_t> pids;  // of a task: up to kMostPids of that name
  WatchSender sender;              // cpu -1: none is known
  static constexpr std::size_t kMostPids = 8;
};

struct WatchedTaskTime {
  TaskTime time;
  std::int32_t tgid = 0;  // 0: not known
  std::string comm;
};

struct WatchFindings {
  std::string target;  // "pid 123"
  CpuSet cpus;
  TickLine line;  // ticks to time
  double seconds = 0;
  std::vector<CpuUse> use;
  std::vector<WatchedTaskTime> tasks;  // the one with the most CPU time first
  std::vector<WatchCause> causes;      // most time first
  std::string level;
  std::uint64_t own_calls = 0, own_reschedules = 0;  // of isolab to watched CPUs
  std::uint64_t event_cost_ns = 0;                   // the least that an event costs; 0: not known
  double steal_seconds = 0;                          // of the watched CPUs by /proc/stat
  std::vector<std::string> cannot_tell;              // whole sentences

  std::uint64_t stolen_ticks() const;
  std::uint64_t cause_ticks() const;
};

/// `directory` is the window's. unsupported: nothing was traced; parse: its files are not readable.
Result<WatchFindings> watch_findings(const WindowRecord& window, const CpuSet& cpus,
                                     const Facts& facts, const std::filesystem::path& directory);

/// Whose threads are watched where only CPUs were named: of each CPU the process of a user that had
/// it for most of the time. Sets `watched`.
void watch_applications(const std::map<int, std::map<std::int32_t, std::uint64_t>>& shares,
                        const std::set<std::int32_t>& own, std::vector<WatchTask>& tasks);

}  // namespace isolab
