// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/timer_interrupt.h"

#include <utility>

namespace isolab {

namespace {

constexpr std::size_t kMostArmed = 4096;

}  // namespace

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
  expiring_ = trace_.table.timer(event);
  const auto function = trace_.names.timer(trace_.table.timer_function(event));
  const auto id = function == kNoCause ? trace_.known.tick : function;
  const auto found = armed_.find(expiring_);
  const auto* armed = found == armed_.end() ? nullptr : &found->second;
  if (nameless_) return name_by(id, armed);
  log_.gap.become(now, id);
  if (auto* cause = log_.gap.note(id, now); cause != nullptr && armed != nullptr)
    cause->sender = *armed;
  if (now.in_window) count(id, now.ticks, armed);
}

/// A timer that arms itself again keeps who armed it first.
void TimerInterrupt::starts(const TraceEvent& event, const Sender* caller) {
  const auto timer = trace_.table.started_timer(event);
  if (timer == expiring_ || trace_.names.timer(trace_.table.started_function(event)) == kNoCause)
    return;
  if (armed_.size() >= kMostArmed) armed_.clear();
  armed_[timer] = caller != nullptr ? *caller : trace_.sender(event, 0);
}

}  // namespace isolab
