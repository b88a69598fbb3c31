// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>

#include "analysis/watch/task_times.h"

namespace isolab {

/// CPU time of every task on watched CPUs, in ticks, by CPU and task: which application has a CPU.
class CpuShares {
 public:
  CpuShares(const EventTable& table, const TraceClock& clock, const WatchSpan& span);
  void add(const TraceEvent& event);
  /// `until`: in the trace clock.
  void finish(std::uint64_t until);
  const std::map<int, std::map<std::int32_t, std::uint64_t>>& ticks() const { return ticks_; }

 private:
  struct Current {
    std::int32_t tid = -1;
    std::uint64_t since = 0;
  };
  const EventTable& table_;
  TraceClock clock_;
  std::uint64_t begin_;
  std::map<int, Current> current_;
  std::map<int, std::map<std::int32_t, std::uint64_t>> ticks_;
};

}  // namespace isolab
