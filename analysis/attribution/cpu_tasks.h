// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "analysis/attribution/cpu_log.h"
#include "analysis/attribution/trace_context.h"

namespace isolab {

/// Which task has a measured CPU and why the probe has not. Both are unset while the probe runs,
/// and at the start of every gap, since only a running probe ends one.
class CpuTasks {
 public:
  /// `trace` and `log` must outlive it. `probe`: name of the probe's thread; empty: its pid is
  /// learnt from the first switch in a gap.
  CpuTasks(TraceContext& trace, CpuLog& log, std::string probe, bool is_gap_probe)
      : trace_(trace), log_(log), probe_(std::move(probe)), is_gap_probe_(is_gap_probe) {}

  void task_switch(const TraceEvent& event, const Moment& now);
  /// A worker of a workqueue begins or ends an item: the time is the item's.
  void work_begins(const TraceEvent& event, const Moment& now);
  void work_ends(const TraceEvent& event, const Moment& now);
  /// A task is put on this CPU's queue, at `time` of the trace.
  void woken(std::int32_t pid, CommId comm, std::uint64_t time);
  void reschedule_arrived() { reschedule_runs_ = true; }
  void gap_closed() {
    running_ = stopped_ = kNoCause;
    if (!is_gap_probe_ && probe_.empty()) probe_pid_ = -1;  // the next gap may be another task's
  }
  bool runs_other() const { return running_ != kNoCause; }

 private:
  bool is_probe(std::int32_t pid, std::string_view comm) const {
    return probe_.empty() ? pid == probe_pid_ : comm == probe_;
  }
  void probe_leaves(std::int64_t state, const Moment& now);
  void probe_returns(bool by_reschedule, const Moment& now);
  void runs(std::int32_t pid, std::string_view comm, std::int16_t prio, const Moment& now);
  void work(CauseId id, const Moment& now);

  TraceContext& trace_;
  CpuLog& log_;
  std::string probe_;
  bool is_gap_probe_;  // one that waits for a timer sleeps all the time
  std::int32_t probe_pid_ = -1;
  CauseId running_ = kNoCause;    // the task that has the CPU; kNoCause: the probe
  CauseId stopped_ = kNoCause;    // why the probe is not runnable; kNoCause: it is
  bool reschedule_runs_ = false;  // received, and no task was switched to since
};

}  // namespace isolab
