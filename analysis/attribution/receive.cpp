// SPDX-License-Identifier: Apache-2.0
// The receiver's side: what a measured CPU did inside and outside its gaps.
#include <algorithm>

#include "analysis/attribution/attribution.h"

namespace isolab {

namespace {

// arch/arm64/kernel/smp.c, enum ipi_msg_type: these three are the same from 5.14 to 6.18.
constexpr int kArmReschedule = 0, kArmCall = 1, kArmIrqWork = 5;

}  // namespace

void Attribution::advance(std::size_t receiver, std::uint64_t ticks) {
  auto& r = receivers_[receiver];
  while (r.next < r.gaps.size() &&
         ticks > r.gaps[r.next].start + r.gaps[r.next].length + clock_.slack())
    close_gap(receiver);
}

Attribution::Moment Attribution::moment_of(std::size_t receiver, const TraceEvent& event) {
  auto& r = receivers_[receiver];
  Moment now;
  now.ticks = now.at = clock_.ticks(event.time);
  advance(receiver, now.ticks);
  now.in_gap = r.next < r.gaps.size() && now.ticks + clock_.slack() >= r.gaps[r.next].start;
  now.counts = in_window(event.time);
  const auto during = [&](std::uint64_t from, std::uint64_t until) {
    return event.time >= from && event.time <= until;
  };
  now.near_edge =
      during(reads_.begin_from, reads_.begin_until) || during(reads_.end_from, reads_.end_until);
  now.checked = !now.near_edge && during(reads_.begin_from, reads_.end_until);
  auto& result = results_[receiver];
  if (now.in_gap) {
    const auto& gap = r.gaps[r.next];
    now.at = std::clamp(now.ticks, gap.start, gap.start + gap.length);
    if (r.story.events++ == 0) {
      r.story.first = now.ticks;
      r.timeline.open(gap.start);
    }
    r.story.last = now.ticks;
    ++result.events;
  } else if (now.ticks >= r.start && now.ticks <= r.end) {
    ++result.events;
    ++result.events_outside;
  }
  return now;
}

void Attribution::receive(std::size_t receiver, const TraceEvent& event, EventRole role) {
  auto& r = receivers_[receiver];
  const auto now = moment_of(receiver, event);
  switch (role) {
    case EventRole::call_begin: return callback(receiver, event, now);
    case EventRole::softirq:
      if (r.timer_open) settle_timer(receiver, tick_, nullptr);
      return entered(receiver,
                     names_.softirq(static_cast<std::uint32_t>(table_.softirq_vec(event))), now,
                     false);
    case EventRole::softirq_end:
      r.expiring = 0;
      if (now.in_gap) r.timeline.leave(now.at, false);
      return;
    case EventRole::timer_expires: return timer_expires(receiver, event, now);
    case EventRole::timer_starts: return timer_starts(receiver, event);
    case EventRole::task_switch: return task_switch(receiver, event, now);
    case EventRole::wakes: return wakes(receiver, event, now);
    case EventRole::work_begin:
    case EventRole::work_end: return work(receiver, event, role, now);
    case EventRole::nmi: return nmi(receiver, event, now);
    case EventRole::page_fault:
      if (r.running != kNoCause) return;  // another task's own
      if (now.in_gap) r.timeline.stay(now.at, fault_);
      return occurred(receiver, fault_, now, true);
    case EventRole::machine_check:
      if (now.in_gap) r.timeline.stay(now.at, mce_);
      return occurred(receiver, mce_, now, true);
    default: return interrupt(receiver, event, role, now);
  }
}

void Attribution::interrupt(std::size_t receiver, const TraceEvent& event, EventRole role,
                            const Moment& now) {
  auto& r = receivers_[receiver];
  switch (role) {
    case EventRole::call_ipi: return open_ipi(receiver, now, -1);
    case EventRole::call_ipi_end:
      if (r.ipi_open) settle_ipi(receiver);
      r.in_ipi = false;
      break;
    case EventRole::reschedule_ipi: return reschedule(receiver, now);
    case EventRole::tick: return open_timer(receiver, now);
    case EventRole::vector: {
      const auto& name = table_.vector_name(event.id());
      const bool work = name == "irq_work";
      if (work) count(&RowCounts::irq_works, receiver, now);
      return entered(receiver, work ? irq_work_ : names_.vector(event.id(), name), now, true);
    }
    case EventRole::vector_end:
      if (r.timer_open) settle_timer(receiver, tick_, nullptr);
      break;
    case EventRole::handler: return handler(receiver, event, now);
    case EventRole::handler_end: return handler_end(receiver, now);
    default: return;
  }
  r.expiring = 0;
  if (now.in_gap) r.timeline.leave(now.at, true);
}

void Attribution::count(std::uint64_t RowCounts::*row, std::size_t receiver, const Moment& now) {
  if (now.counts) ++(results_[receiver].counted.*row);
  if (now.checked) ++(results_[receiver].checked.*row);
  if (now.near_edge) ++(results_[receiver].near_edges.*row);
}

/// The cause's place in the story, or nullptr where there is no gap or no place.
Cause* Attribution::note_cause(Receiver& r, CauseId id, const Moment& now, bool may_repeat) {
  if (!now.in_gap) return nullptr;
  auto& causes = r.story.causes;
  if (may_repeat && r.story.more_causes == 0 && !causes.empty() && causes.back().id == id) {
    ++causes.back().times;
    return nullptr;
  }
  if (causes.size() == GapStory::kMostCauses) {
    ++r.story.more_causes;
    return nullptr;
  }
  auto& cause = causes.emplace_back();
  cause.id = id;
  cause.time = now.ticks;
  return &cause;
}

void Attribution::occurred(std::size_t receiver, CauseId id, const Moment& now, bool may_repeat) {
  note_cause(receivers_[receiver], id, now, may_repeat);
  if (now.counts) ++tally(receiver, id, now.ticks).callbacks;
}

void Attribution::entered(std::size_t receiver, CauseId id, const Moment& now, bool interrupt) {
  if (now.in_gap) receivers_[receiver].timeline.enter(now.at, id, interrupt);
  occurred(receiver, id, now, !interrupt);
}

void Attribution::open_ipi(std::size_t receiver, const Moment& now, int irq) {
  auto& r = receivers_[receiver];
  if (r.ipi_open) settle_ipi(receiver);
  count(&RowCounts::function_ipis, receiver, now);
  r.ipi_open = r.in_ipi = true;
  r.ipi_at = now;
  r.ipi_irq = irq;
  if (now.in_gap) r.timeline.enter(now.at, silent_, true);
  const auto* cause = note_cause(r, silent_, now);
  r.ipi_cause = cause == nullptr ? kNone : r.story.causes.size() - 1;
}

/// A function-call IPI ended without csd_function_entry: an irq_work item, which the kernel does
/// not bracket (kernel/smp.c), or a kernel without these events. The last call queued here is it.
void Attribution::settle_ipi(std::size_t receiver) {
  auto& r = receivers_[receiver];
  r.ipi_open = false;
  PendingCall* found = nullptr;
  for (auto& call : r.recent) {
    if (call.target < 0 || call.func == 0 || clock_.ticks(call.sender.sent) > r.ipi_at.ticks)
      continue;
    if (call.cause == kNoCause) settle_calls(call.sender.cpu, nullptr);
    if (call.cause == kNoCause) continue;
    if (table_.has_function_events && names_.is_wakeup_list(call.cause)) continue;
    if (found == nullptr || call.sender.sent > found->sender.sent) found = &call;
  }
  const auto id = found == nullptr ? silent_ : found->cause;
  if (r.ipi_at.in_gap) r.timeline.rename(id, r.ipi_at.ticks);
  if (r.ipi_cause != kNone) {
    auto& cause = r.story.causes[r.ipi_cause];
    cause.id = id;
    cause.by_order = found != nullptr;
    if (found != nullptr) cause.sender = found->sender;
    r.ipi_cause = kNone;
  }
  if (found != nullptr && names_[id].user_tlb) count(&RowCounts::user_flushes, receiver, r.ipi_at);
  if (r.ipi_at.counts) {
    auto& result = results_[receiver];
    auto& one = tally(receiver, id, r.ipi_at.ticks);
    ++one.ipis;
    if (found != nullptr) {
      ++one.callbacks, ++one.joined;
      ++result.callbacks, ++result.callbacks_joined;
    }
  }
  if (found != nullptr) {
    if (auto* pending = pending_.find(found->csd, found->func, found->target);
        found->csd != 0 && pending != nullptr)
      pending->csd = 0;
    found->target = -1;
  }
}

void Attribution::callback(std::size_t receiver, const TraceEvent& event, const Moment& now) {
  auto& r = receivers_[receiver];
  auto& result = results_[receiver];
  const auto func = table_.begin_func(event), csd = table_.begin_csd(event);
  if (csd == 0) {  // this CPU called itself
    if (now.counts) ++result.local_calls;
    return;
  }
  PendingCall* call = pending_.find(csd, func, r.story.cpu);
  if (call != nullptr && call->cause == kNoCause) {
    settle_calls(call->sender.cpu, nullptr);
    if (call->cause == kNoCause)
      call->cause = names_.call(func, call->sender.stack, call->sender.callsite);
  }
  const auto id = call != nullptr ? call->cause : names_.call(func, 0, 0);
  const bool first_of_ipi = r.ipi_open;
  Cause* cause = nullptr;
  if (first_of_ipi) {
    r.ipi_open = false;
    if (r.ipi_irq >= 0 && ipi_base_ < 0) ipi_base_ = r.ipi_irq - kArmCall;
    if (r.ipi_at.in_gap) r.timeline.rename(id, r.ipi_at.ticks);
    if (r.ipi_cause != kNone) cause = &r.story.causes[r.ipi_cause];
    r.ipi_cause = kNone;
  } else {
    if (now.in_gap && r.in_ipi) r.timeline.become(now.at, id);
    cause = note_cause(r, id, now);
    if (cause != nullptr) cause->same_ipi = r.in_ipi;
  }
  if (cause != nullptr) {
    cause->id = id;
    if (call != nullptr) cause->sender = call->sender;
  }
  if (names_[id].user_tlb) count(&RowCounts::user_flushes, receiver, now);
  if (now.counts || (first_of_ipi && r.ipi_at.counts)) {
    auto& one = tally(receiver, id, now.ticks);
    if (first_of_ipi && r.ipi_at.counts) ++one.ipis;
    if (now.counts) {
      ++one.callbacks;
      ++result.callbacks;
      if (call != nullptr) ++one.joined, ++result.callbacks_joined;
    }
  }
  r.call_id = id;
  r.caller = call != nullptr ? call->sender : Sender{};
  if (call == nullptr) return;
  for (auto& recent : r.recent)
    if (recent.csd == csd) recent.target = -1;
  call->csd = 0;
}

void Attribution::reschedule(std::size_t receiver, const Moment& now) {
  auto& r = receivers_[receiver];
  const bool joined = !r.reschedule_used;
  if (joined && r.reschedule_id == kNoCause) settle_calls(r.reschedule.cpu, nullptr);
  const auto id = joined ? r.reschedule_id : names_.call(0, 0, 0);
  if (now.in_gap) r.timeline.enter(now.at, id, true);
  if (auto* cause = note_cause(r, id, now); cause != nullptr && joined) {
    cause->sender = r.reschedule;
    cause->woken_pid = r.reschedule_woken_pid, cause->woken = r.reschedule_woken;
  }
  r.reschedule_used = r.reschedule_runs = true;
  count(&RowCounts::reschedule_ipis, receiver, now);
  if (!now.counts) return;
  auto& one = tally(receiver, id, now.ticks);
  ++one.ipis;
  if (joined) ++one.joined, ++results_[receiver].reschedules_joined;
}

void Attribution::handler(std::size_t receiver, const TraceEvent& event, const Moment& now) {
  const auto irq = static_cast<int>(table_.handler_irq.as_signed(event));
  const auto name = table_.handler_name.text(event);
  if (name == "arch_timer") return open_timer(receiver, now);
  if (name != "IPI" || table_.has_vectors)
    return entered(receiver, names_.device(irq, name), now, true);
  // arm64: IPIs are interrupts with numbers in a row; which one calls functions shows when the
  // first function begins. Until then a waiting reschedule decides.
  auto& r = receivers_[receiver];
  const int number =
      ipi_base_ < 0 ? (r.reschedule_used ? kArmCall : kArmReschedule) : irq - ipi_base_;
  if (number == kArmReschedule) return reschedule(receiver, now);
  if (number == kArmCall) return open_ipi(receiver, now, irq);
  if (number == kArmIrqWork) {
    count(&RowCounts::irq_works, receiver, now);
    return entered(receiver, irq_work_, now, true);
  }
  entered(receiver, names_.fixed(CauseKind::ipi, "IPI" + std::to_string(number)), now, true);
}

void Attribution::handler_end(std::size_t receiver, const Moment& now) {
  auto& r = receivers_[receiver];
  if (!table_.has_vectors) {
    if (r.ipi_open) settle_ipi(receiver);
    if (r.timer_open) settle_timer(receiver, tick_, nullptr);
    r.in_ipi = false;
    r.expiring = 0;
  }
  if (now.in_gap) r.timeline.leave(now.at, true);
}

/// The event is recorded once per handler, after it ran.
void Attribution::nmi(std::size_t receiver, const TraceEvent& event, const Moment& now) {
  auto& r = receivers_[receiver];
  const auto id = names_.nmi(table_.nmi_handler(event));
  const auto ns = table_.nmi_delta.as_signed(event);
  if (now.in_gap && ns > 0)
    r.timeline.ended(now.at, static_cast<std::uint64_t>(ns) * r.microsecond / 1000, id);
  occurred(receiver, id, now, true);
}

}  // namespace isolab
