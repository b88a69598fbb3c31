// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/measured_cpu.h"

#include <utility>

#include "analysis/attribution/arm64_ipis.h"

namespace isolab {

MeasuredCpu::MeasuredCpu(TraceContext& trace, CallsInFlight& calls, CpuAttribution& counts,
                         const CpuGaps& gaps, std::string probe)
    : trace_(trace),
      calls_(calls),
      start_(gaps.start),
      end_(gaps.end),
      microsecond_(gaps.microsecond),
      log_{OpenGap(gaps, trace.clock.slack(), trace.table.has_ends), counts},
      book_(trace, counts, gaps.microsecond),
      sent_(counts),
      ipi_(trace, calls, sent_, log_),
      timer_(trace, log_),
      tasks_(trace, log_, std::move(probe), gaps.end != 0) {
  counts.cpu = gaps.cpu;
}

void MeasuredCpu::close_gap() {
  ipi_.settle();
  timer_.settle();
  log_.gap.close([this](GapStory& story, bool returned) { book_.add(story, returned); });
  tasks_.gap_closed();
}

void MeasuredCpu::finish() {
  ipi_.settle();
  timer_.settle();
  while (log_.gap.exists()) close_gap();
  book_.finish();
}

Moment MeasuredCpu::see(const TraceEvent& event) {
  auto now = trace_.moment(event.time);
  while (log_.gap.is_over(now.ticks)) close_gap();
  log_.gap.see(now);
  if (now.in_gap) {
    ++log_.counts.events;
  } else if (now.ticks >= start_ && now.ticks <= end_) {
    ++log_.counts.events;
    ++log_.counts.events_outside;
  }
  return now;
}

void MeasuredCpu::receive(const TraceEvent& event, EventRole role) {
  const auto now = see(event);
  switch (role) {
    case EventRole::call_begin: return ipi_.callback(event, now);
    case EventRole::softirq: return softirq(event, now);
    case EventRole::softirq_raised: return softirq_raised(event);
    case EventRole::softirq_end: return softirq_ends(now);
    case EventRole::timer_expires: return timer_.expires(event, now);
    case EventRole::timer_starts: return timer_.starts(event, ipi_.caller());
    case EventRole::jiffy_timer_expires: return jiffy_timer(event, now);
    case EventRole::jiffy_timer_ends: return jiffy_timer_ends(now);
    case EventRole::task_switch: return tasks_.task_switch(event, now);
    case EventRole::wakes: return wakes(event, now);
    case EventRole::work_begin: return tasks_.work_begins(event, now);
    case EventRole::work_end: return tasks_.work_ends(event, now);
    case EventRole::nmi: return nmi(event, now);
    case EventRole::page_fault:
      if (!tasks_.runs_other()) fault(trace_.known.page_fault, now);  // else the other task's own
      return;
    case EventRole::machine_check: return fault(trace_.known.machine_check, now);
    default: return interrupt(event, role, now);
  }
}

void MeasuredCpu::interrupt(const TraceEvent& event, EventRole role, const Moment& now) {
  switch (role) {
    case EventRole::call_ipi: return ipi_.enter(now, -1);
    case EventRole::call_ipi_end: ipi_.leave(); return interrupt_ends(now);
    case EventRole::reschedule_ipi: return reschedule(now);
    case EventRole::tick: return timer_.enter(now);
    case EventRole::vector: return vector(event, now);
    case EventRole::vector_end: timer_.settle(); return interrupt_ends(now);
    case EventRole::handler: return handler(event, now);
    case EventRole::handler_end: return handler_ends(now);
    default: return;
  }
}

void MeasuredCpu::interrupted(CauseId id, const Moment& now) {
  log_.gap.enter(now, id, true);
  log_.occurred(id, now);
}

void MeasuredCpu::interrupt_ends(const Moment& now) {
  timer_.function_ended();
  log_.gap.leave(now, true);
}

void MeasuredCpu::softirq(const TraceEvent& event, const Moment& now) {
  timer_.settle();
  const auto vec = static_cast<std::uint32_t>(trace_.table.softirq_vec(event));
  const auto id = trace_.names.softirq(vec);
  log_.gap.enter(now, id, false);
  trace_.deferred.handles_softirq(cpu(), id);
  const auto raiser = vec < raised_.size() ? std::exchange(raised_[vec], {}) : Sender{};
  log_.occurred_for(id, now, raiser.known() ? &raiser : nullptr);
}

/// The first to raise it counts.
void MeasuredCpu::softirq_raised(const TraceEvent& event) {
  const auto vec = trace_.table.raised_vec(event);
  if (vec >= raised_.size() || raised_[vec].known()) return;
  const auto* caller = ipi_.caller();
  raised_[vec] = caller != nullptr ? *caller : trace_.deferred.sender(event);
}

void MeasuredCpu::softirq_ends(const Moment& now) {
  timer_.function_ended();
  trace_.deferred.handles_softirq(cpu(), kNoCause);
  log_.gap.leave(now, false);
}

void MeasuredCpu::fault(CauseId id, const Moment& now) {
  log_.gap.stay(now, id);
  log_.occurred_in_a_row(id, now);
}

void MeasuredCpu::reschedule(const Moment& now) {
  auto& sent = sent_.reschedule;
  const bool joined = !std::exchange(sent.used, true);
  if (joined && sent.cause == kNoCause) calls_.settle(sent.sender.cpu, nullptr);
  const auto id = joined ? sent.cause : trace_.names.call(0, 0, 0);
  log_.gap.enter(now, id, true);
  if (auto* cause = log_.gap.note(id, now); cause != nullptr && joined) {
    cause->sender = sent.sender;
    cause->woken_pid = sent.woken_pid, cause->woken = sent.woken;
  }
  tasks_.reschedule_arrived();
  log_.counts.count_row(&RowCounts::reschedule_ipis, now);
  if (!now.in_window) return;
  auto& tally = log_.counts.tally(id, now.ticks);
  ++tally.ipis;
  if (joined) ++tally.joined, ++log_.counts.reschedules_joined;
}

void MeasuredCpu::vector(const TraceEvent& event, const Moment& now) {
  const auto& name = trace_.table.vector_name(event.id());
  if (name != "irq_work") return interrupted(trace_.names.vector(event.id(), name), now);
  irq_work(now);
}

/// The first of the items that wait names it: only that one raises the interrupt
/// (irq_work_queue(), kernel/irq_work.c).
void MeasuredCpu::irq_work(const Moment& now) {
  log_.counts.count_row(&RowCounts::irq_works, now);
  const auto function = std::exchange(irq_work_, 0);
  interrupted(function == 0 ? trace_.known.irq_work : trace_.names.irq_work(function), now);
}

/// A timer of the TIMER softirq: its function has the time.
void MeasuredCpu::jiffy_timer(const TraceEvent& event, const Moment& now) {
  const auto id = trace_.names.timer(trace_.table.jiffy_timer.function(event));
  if (id == kNoCause) return;
  if (log_.gap.in_context()) log_.gap.become(now, id);
  log_.occurred_for(id, now, trace_.deferred.armer(event));
}

void MeasuredCpu::jiffy_timer_ends(const Moment& now) {
  constexpr std::uint32_t kTimerSoftirq = 1;
  if (log_.gap.in_context()) log_.gap.become(now, trace_.names.softirq(kTimerSoftirq));
}

void MeasuredCpu::handler(const TraceEvent& event, const Moment& now) {
  const auto irq = static_cast<int>(trace_.table.handler_irq.as_signed(event));
  const auto name = trace_.table.handler_name.text(event);
  if (name == "arch_timer") return timer_.enter(now);
  if (name != "IPI" || trace_.table.has_vectors) return device(trace_.names.device(irq, name), now);
  // arm64: IPIs are interrupts with numbers in a row; which one calls functions shows when the
  // first function begins. Until then a waiting reschedule decides.
  const int number = trace_.ipi_base >= 0    ? irq - trace_.ipi_base
                     : sent_.reschedule.used ? arm64_ipi::kCall
                                             : arm64_ipi::kReschedule;
  if (number == arm64_ipi::kReschedule) return reschedule(now);
  if (number == arm64_ipi::kCall) return ipi_.enter(now, irq);
  if (number == arm64_ipi::kIrqWork) return irq_work(now);
  interrupted(trace_.names.fixed(CauseKind::ipi, "IPI" + std::to_string(number)), now);
}

void MeasuredCpu::device(CauseId id, const Moment& now) {
  trace_.deferred.handles(cpu(), id);
  interrupted(id, now);
}

void MeasuredCpu::handler_ends(const Moment& now) {
  trace_.deferred.handles(cpu(), kNoCause);
  if (trace_.table.has_vectors) return log_.gap.leave(now, true);
  ipi_.leave();
  timer_.settle();
  interrupt_ends(now);
}

/// The event is recorded once per handler, after it ran.
void MeasuredCpu::nmi(const TraceEvent& event, const Moment& now) {
  const auto id = trace_.names.nmi(trace_.table.nmi_handler(event));
  const auto ns = trace_.table.nmi_delta.as_signed(event);
  if (ns > 0) log_.gap.ended(now, static_cast<std::uint64_t>(ns) * microsecond_ / 1000, id);
  log_.occurred_in_a_row(id, now);
}

/// This CPU wakes a task in the context that it is in.
void MeasuredCpu::wakes(const TraceEvent& event, const Moment& now) {
  if (!now.in_gap || !log_.gap.in_context()) return;
  const auto id = log_.gap.innermost();
  const auto pid = static_cast<std::int32_t>(trace_.table.wakes.pid.as_signed(event));
  const auto comm = trace_.comms.named(pid, trace_.table.wakes.comm.text(event));
  if (now.in_window) ++log_.counts.tally(id, now.ticks).woken[comm];
  if (auto* cause = log_.gap.last_with(id); cause != nullptr && cause->woken_pid < 0)
    cause->woken_pid = pid, cause->woken = comm;
}

/// By the IPI that was just sent from the event's CPU, or by the callback that runs here.
void MeasuredCpu::woken(const TraceEvent& event) {
  const auto& fields = trace_.table.wake_fields(event.id());
  const auto pid = static_cast<std::int32_t>(fields.pid.as_signed(event));
  const auto comm = trace_.comms.named(pid, fields.comm.text(event));
  tasks_.woken(pid, comm, event.time);
  auto& sent = sent_.reschedule;
  const Sender* sender = nullptr;
  CauseId id = kNoCause;
  if (event.cpu == cpu()) {
    sender = ipi_.caller(), id = ipi_.call();
  } else if (sent.wakes && event.cpu == sent.sender.cpu) {
    sent.wakes = false;
    sent.woken_pid = pid, sent.woken = comm;
    if (sent.cause == kNoCause) calls_.settle(event.cpu, nullptr);
    sender = &sent.sender, id = sent.cause;
  }
  if (sender == nullptr) return;
  log_.gap.woke(*sender, pid, comm);
  if (!trace_.in_window(sender->sent)) return;
  auto& tally = log_.counts.tally(id, trace_.clock.ticks(sender->sent));
  ++tally.woken[comm];
  const auto group = tally.senders.find(SenderKey(*sender));
  if (group != tally.senders.end()) ++group->second.woken[comm];
}

}  // namespace isolab
