// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/cpu_tasks.h"

#include <algorithm>
#include <utility>

namespace isolab {

namespace {

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

/// The probe gives the CPU up. By itself it does so only when it is stopped or sleeps.
void CpuTasks::probe_leaves(std::int64_t state, const Moment& now) {
  const auto* word = stopped_word(state);
  if (word == nullptr || !is_gap_probe_) return;
  stopped_ = trace_.names.fixed(CauseKind::probe_stopped, word);
  log_.occurred(stopped_, now);
}

void CpuTasks::probe_returns(bool by_reschedule, const Moment& now) {
  if (by_reschedule && now.in_window) ++log_.counts.probe_wakeups;
  running_ = stopped_ = kNoCause;
  log_.gap.run(now, kNoCause);
}

void CpuTasks::runs(std::int32_t pid, std::string_view comm, std::int16_t prio, const Moment& now) {
  running_ = trace_.names.task(comm);
  log_.gap.run(now, stopped_ != kNoCause ? stopped_ : running_);
  if (auto* cause = log_.gap.note_in_a_row(running_, now); cause != nullptr)
    cause->pid = pid, cause->prio = prio;
  if (!now.in_window) return;
  auto& tally = log_.counts.tally(running_, now.ticks);
  ++tally.callbacks;
  tally.prio_least = std::min(tally.prio_least, prio);
  tally.prio_most = std::max(tally.prio_most, prio);
}

void CpuTasks::task_switch(const TraceEvent& event, const Moment& now) {
  const auto& table = trace_.table;
  const auto prev = static_cast<std::int32_t>(table.prev_pid.as_signed(event));
  const auto next = static_cast<std::int32_t>(table.next_pid.as_signed(event));
  const auto comm = table.next_comm.text(event), prev_comm = table.prev_comm.text(event);
  if (prev != 0) trace_.comms.set(prev, prev_comm);
  if (next != 0) trace_.comms.set(next, comm);
  // Between two gaps the probe runs, so the first switch of a gap leads away from it.
  if (probe_.empty() && probe_pid_ < 0 && now.in_gap) probe_pid_ = prev;
  const bool by_reschedule = std::exchange(reschedule_runs_, false);
  if (is_probe(prev, prev_comm))
    probe_leaves(table.prev_state.as_signed(event), now);
  else if (now.in_gap && !runs_other())
    log_.gap.ran(now, prev == 0 ? trace_.known.idle : trace_.names.task(prev_comm));
  if (is_probe(next, comm)) return probe_returns(by_reschedule, now);
  if (next != 0)
    return runs(next, comm, static_cast<std::int16_t>(table.next_prio.as_signed(event)), now);
  // Going idle is not an interruption.
  running_ = stopped_ != kNoCause ? stopped_ : trace_.known.idle;
  log_.gap.run(now, running_);
}

void CpuTasks::work(CauseId id, const Moment& now) {
  running_ = id;
  if (stopped_ == kNoCause && !log_.gap.in_context()) log_.gap.run(now, id);
}

void CpuTasks::work_begins(const TraceEvent& event, const Moment& now) {
  if (!runs_other()) return;  // begun before the trace
  const auto& comm = trace_.comms.name(trace_.comms.of(event.pid()));
  work(trace_.names.work(comm, trace_.table.begun_work.function(event)), now);
  log_.occurred_for(running_, now, trace_.deferred.queuer(event));
}

void CpuTasks::work_ends(const TraceEvent& event, const Moment& now) {
  if (!runs_other()) return;
  work(trace_.names.task(trace_.comms.name(trace_.comms.of(event.pid()))), now);
}

/// A stopped probe waits from its wakeup on for the task that runs.
void CpuTasks::woken(std::int32_t pid, CommId comm, std::uint64_t time) {
  if (stopped_ == kNoCause || !is_probe(pid, trace_.comms.name(comm))) return;
  stopped_ = kNoCause;
  if (runs_other()) log_.gap.runs_since(trace_.clock.ticks(time), running_);
}

}  // namespace isolab
