// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "analysis/attribution/cpu_log.h"
#include "analysis/attribution/trace_context.h"

namespace isolab {

/// The local timer interrupt of a measured CPU. Which timers expire in it shows by events: it is
/// counted under its first one's name, or as the tick if it ends without any; once.
class TimerInterrupt {
 public:
  /// Both must outlive it.
  TimerInterrupt(TraceContext& trace, CpuLog& log) : trace_(trace), log_(log) {}

  void enter(const Moment& now);
  /// No timer expires in it any more, or the gap is closed.
  void settle() {
    if (nameless_) name_by(trace_.known.tick, nullptr);
  }
  void expires(const TraceEvent& event, const Moment& now);
  /// `caller`: of the remote call that arms the timer; nullptr: the running task does.
  void starts(const TraceEvent& event, const Sender* caller);
  /// An interrupt or softirq ended, and with it the timer's function.
  void function_ended() { expiring_ = 0; }

 private:
  void name_by(CauseId id, const Sender* armed);
  void count(CauseId id, std::uint64_t ticks, const Sender* armed);

  TraceContext& trace_;
  CpuLog& log_;
  bool nameless_ = false;
  Moment entry_;
  Cause* cause_ = nullptr;      // its place in the open gap's story, while nameless
  std::uint64_t expiring_ = 0;  // the timer whose function runs
};

}  // namespace isolab
