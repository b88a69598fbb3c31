// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/timer_interrupt.h"

#include <utility>

namespace isolab {

void TimerInterrupt::enter(const Moment& now) {
  settle();
  log_.counts.count_row(&RowCounts::timer, now);
  nameless_ = true;
  entry_ = now;
  log_.gap.enter(now, trace_.known.tick, true);
  cause_ = log_.gap.note(trace_.known.tick, now);
}

void TimerInterrupt::count(CauseId id, std::uint64_t ticks, const Sender* armed) {
  auto& tally = log_.counts.tally(id, ticks);
  ++tally.callbacks;
  if (armed != nullptr) tally.add_sender(*armed);
}

void TimerInterrupt::name_by(CauseId id, const Sender* armed) {
  nameless_ = false;
  log_.gap.rename(entry_, id);
  if (auto* cause = std::exchange(cause_, nullptr); cause != nullptr) {
    cause->id = id;
    if (armed != nullptr) cause->sender = *armed;
  }
  if (entry_.in_window) count(id, entry_.ticks, armed);
}

void TimerInterrupt::expires(const TraceEvent& event, const Moment& now) {
  expiring_ = trace_.table.timer.pointer(event);
  const auto function = trace_.names.timer(trace_.table.timer.function(event));
  const auto id = function == kNoCause ? trace_.known.tick : function;
  const auto* armed = function == kNoCause ? nullptr : trace_.deferred.hrtimer_expires(event);
  if (nameless_) return name_by(id, armed);
  log_.gap.become(now, id);
  if (auto* cause = log_.gap.note(id, now); cause != nullptr && armed != nullptr)
    cause->sender = *armed;
  if (now.in_window) count(id, now.ticks, armed);
}

void TimerInterrupt::starts(const TraceEvent& event, const Sender* caller) {
  if (trace_.table.started_timer.pointer(event) == expiring_)
    trace_.deferred.hrtimer_rearmed(event);
  else
    trace_.deferred.arm_hrtimer(event, caller);
}

}  // namespace isolab
