// SPDX-License-Identifier: Apache-2.0
// Tasks, work items and timers on a measured CPU, and whom they wake.
#include <algorithm>
#include <utility>

#include "analysis/attribution/attribution.h"

namespace isolab {

namespace {

constexpr std::size_t kMostArmed = 4096;

/// The state of a task that gave the CPU up by itself (include/linux/sched.h, task_index_to_char);
/// nullptr: it was preempted (TASK_RUNNING, or TASK_REPORT_MAX 0x100 since 4.14).
const char* stopped_word(std::int64_t state) {
  switch (state & 0xff) {
    case 0: return nullptr;
    case 1: return "probe asleep";
    case 2: return "probe in uninterruptible sleep";
    case 4: return "probe stopped by a signal";
    case 8: return "probe stopped by a debugger";
    default: return "probe not runnable";
  }
}

}  // namespace

/// A local timer interrupt. Which timers expire in it shows by events; without any it is the tick.
void Attribution::open_timer(std::size_t receiver, const Moment& now) {
  auto& r = receivers_[receiver];
  if (r.timer_open) settle_timer(receiver, tick_, nullptr);
  count(&RowCounts::timer, receiver, now);
  r.timer_open = true;
  r.timer_counts = now.counts;
  r.timer_in_gap = now.in_gap;
  r.timer_time = now.ticks;
  if (now.in_gap) r.timeline.enter(now.at, tick_, true);
  const auto* cause = note_cause(r, tick_, now);
  r.timer_cause = cause == nullptr ? kNone : r.story.causes.size() - 1;
}

/// What the interrupt was for, by its first timer.
void Attribution::settle_timer(std::size_t receiver, CauseId id, const Sender* armed) {
  auto& r = receivers_[receiver];
  r.timer_open = false;
  if (r.timer_in_gap) r.timeline.rename(id, r.timer_time);
  if (r.timer_cause != kNone) {
    auto& cause = r.story.causes[r.timer_cause];
    cause.id = id;
    if (armed != nullptr) cause.sender = *armed;
  }
  r.timer_cause = kNone;
  if (!r.timer_counts) return;
  auto& one = tally(receiver, id, r.timer_time);
  ++one.callbacks;
  if (armed != nullptr) count_sender(one, *armed);
}

void Attribution::timer_expires(std::size_t receiver, const TraceEvent& event, const Moment& now) {
  auto& r = receivers_[receiver];
  r.expiring = table_.timer(event);
  const auto function = names_.timer(table_.timer_function(event));
  const auto id = function == kNoCause ? tick_ : function;
  const auto found = r.armed.find(r.expiring);
  const auto* armed = found == r.armed.end() ? nullptr : &found->second;
  if (r.timer_open) return settle_timer(receiver, id, armed);
  if (now.in_gap) r.timeline.become(now.at, id);
  if (auto* cause = note_cause(r, id, now); cause != nullptr && armed != nullptr)
    cause->sender = *armed;
  if (!now.counts) return;
  auto& one = tally(receiver, id, now.ticks);
  ++one.callbacks;
  if (armed != nullptr) count_sender(one, *armed);
}

/// A timer that arms itself again keeps who armed it first. One that is armed by a remote call was
/// armed by the caller.
void Attribution::timer_starts(std::size_t receiver, const TraceEvent& event) {
  auto& r = receivers_[receiver];
  const auto timer = table_.started_timer(event);
  if (timer == r.expiring || names_.timer(table_.started_function(event)) == kNoCause) return;
  if (r.armed.size() >= kMostArmed) r.armed.clear();
  if (r.in_ipi && r.caller.known())
    r.armed[timer] = r.caller;
  else
    r.armed[timer] = {event.cpu, event.pid(), comms_.of(event.pid()), 0, 0, event.time};
}

/// This CPU wakes a task in the context that it is in.
void Attribution::wakes(std::size_t receiver, const TraceEvent& event, const Moment& now) {
  auto& r = receivers_[receiver];
  if (!now.in_gap || !r.timeline.in_context()) return;
  const auto id = r.timeline.innermost();
  const auto pid = static_cast<std::int32_t>(table_.wakes.pid.as_signed(event));
  const auto comm = comms_.named(pid, table_.wakes.comm.text(event));
  if (now.counts) ++tally(receiver, id, now.ticks).woken[comm];
  const auto cause = std::find_if(r.story.causes.rbegin(), r.story.causes.rend(),
                                  [&](const Cause& one) { return one.id == id; });
  if (cause != r.story.causes.rend() && cause->woken_pid < 0)
    cause->woken_pid = pid, cause->woken = comm;
}

/// A task is put on a measured CPU's queue: by the IPI that was just sent from here, or by the
/// callback that runs there.
void Attribution::woken(const TraceEvent& event) {
  const auto& fields = table_.wake_fields(event.id());
  const auto receiver = receiver_of(fields.target_cpu(event));
  if (receiver == kNone) return;
  auto& r = receivers_[receiver];
  const auto pid = static_cast<std::int32_t>(fields.pid.as_signed(event));
  const auto comm = comms_.named(pid, fields.comm.text(event));
  if (r.stopped != kNoCause && is_probe(r, pid, comms_.name(comm))) {
    r.stopped = kNoCause;
    if (r.story.events != 0 && r.running != kNoCause) {
      const auto& gap = r.gaps[r.next];
      r.timeline.run(std::min(clock_.ticks(event.time), gap.start + gap.length), r.running);
    }
  }
  const bool here = event.cpu == r.story.cpu;
  if (here ? !r.in_ipi || !r.caller.known() : !r.reschedule_wakes || event.cpu != r.reschedule.cpu)
    return;
  if (!here) {
    r.reschedule_wakes = false;
    r.reschedule_woken_pid = pid, r.reschedule_woken = comm;
    if (r.reschedule_id == kNoCause) settle_calls(event.cpu, nullptr);
  }
  const auto id = here ? r.call_id : r.reschedule_id;
  const auto& sender = here ? r.caller : r.reschedule;
  for (auto cause = r.story.causes.rbegin(); cause != r.story.causes.rend(); ++cause)
    if (cause->sender.known() && cause->sender.sent == sender.sent && cause->woken_pid < 0)
      cause->woken_pid = pid, cause->woken = comm;
  if (!in_window(sender.sent)) return;
  auto& one = tally(receiver, id, clock_.ticks(sender.sent));
  ++one.woken[comm];
  const auto group = one.senders.find({sender.callsite, sender.comm, sender.stack});
  if (group != one.senders.end()) ++group->second.woken[comm];
}

/// A worker of a workqueue begins or ends an item: the time is the item's.
void Attribution::work(std::size_t receiver, const TraceEvent& event, EventRole role,
                       const Moment& now) {
  auto& r = receivers_[receiver];
  if (r.running == kNoCause) return;  // begun before the trace
  const auto& comm = comms_.name(comms_.of(event.pid()));
  const auto id = role == EventRole::work_begin ? names_.work(comm, table_.work_function(event))
                                                : names_.task(comm);
  r.running = id;
  if (now.in_gap && r.stopped == kNoCause && !r.timeline.in_context()) r.timeline.run(now.at, id);
  if (role == EventRole::work_begin) occurred(receiver, id, now, true);
}

bool Attribution::is_probe(const Receiver& r, std::int32_t pid, std::string_view comm) const {
  return r.probe.empty() ? pid == r.probe_pid : comm == r.probe;
}

/// The probe gives the CPU up. By itself it does so only when it is stopped or sleeps.
void Attribution::probe_leaves(std::size_t receiver, std::int64_t state, const Moment& now) {
  auto& r = receivers_[receiver];
  const auto* word = stopped_word(state);
  if (word == nullptr || r.end == 0) return;  // a probe that waits for a timer sleeps all the time
  r.stopped = names_.fixed(CauseKind::probe_stopped, word);
  occurred(receiver, r.stopped, now);
}

void Attribution::task_switch(std::size_t receiver, const TraceEvent& event, const Moment& now) {
  auto& r = receivers_[receiver];
  const auto prev = static_cast<std::int32_t>(table_.prev_pid.as_signed(event));
  const auto next = static_cast<std::int32_t>(table_.next_pid.as_signed(event));
  const auto comm = table_.next_comm.text(event), prev_comm = table_.prev_comm.text(event);
  if (prev != 0) comms_.set(prev, prev_comm);
  if (next != 0) comms_.set(next, comm);
  // Between two gaps the probe runs, so the first switch of a gap leads away from it.
  if (r.probe.empty() && r.probe_pid < 0 && now.in_gap) r.probe_pid = prev;
  const bool woken = std::exchange(r.reschedule_runs, false);
  if (is_probe(r, prev, prev_comm))
    probe_leaves(receiver, table_.prev_state.as_signed(event), now);
  else if (now.in_gap && r.running == kNoCause)
    r.timeline.ran(now.at, prev == 0 ? idle_ : names_.task(prev_comm));
  if (is_probe(r, next, comm)) {
    if (woken && now.counts) ++results_[receiver].probe_wakeups;
    r.running = r.stopped = kNoCause;
    if (now.in_gap) r.timeline.run(now.at, kNoCause);
    return;
  }
  if (next == 0) {  // going idle is no interruption
    r.running = r.stopped != kNoCause ? r.stopped : idle_;
    if (now.in_gap) r.timeline.run(now.at, r.running);
    return;
  }
  const auto id = r.running = names_.task(comm);
  if (now.in_gap) r.timeline.run(now.at, r.stopped != kNoCause ? r.stopped : id);
  const auto prio = static_cast<std::int16_t>(table_.next_prio.as_signed(event));
  if (auto* cause = note_cause(r, id, now, true); cause != nullptr)
    cause->pid = next, cause->prio = prio;
  if (!now.counts) return;
  auto& one = tally(receiver, id, now.ticks);
  ++one.callbacks;
  one.prio_least = std::min(one.prio_least, prio);
  one.prio_most = std::max(one.prio_most, prio);
}

}  // namespace isolab
