// SPDX-License-Identifier: Apache-2.0
// The receiver's side: what a measured CPU did inside and outside its gaps.
#include <algorithm>

#include "analysis/attribution.h"

namespace isolab {

namespace {

// arch/arm64/kernel/smp.c, enum ipi_msg_type: these three are the same from 5.14 to 6.18.
constexpr int kArmReschedule = 0, kArmCall = 1, kArmIrqWork = 5;

bool is_interrupt(EventRole role) {
  switch (role) {
    case EventRole::call_ipi:
    case EventRole::reschedule_ipi:
    case EventRole::tick:
    case EventRole::vector:
    case EventRole::handler: return true;
    default: return false;
  }
}

}  // namespace

void Attribution::advance(std::size_t receiver, std::uint64_t ticks) {
  auto& r = receivers_[receiver];
  while (r.next < r.gaps.size() &&
         ticks > r.gaps[r.next].start + r.gaps[r.next].length + clock_.slack())
    close_gap(receiver);
}

void Attribution::receive(std::size_t receiver, const TraceEvent& event, EventRole role) {
  auto& r = receivers_[receiver];
  const auto ticks = clock_.ticks(event.time);
  advance(receiver, ticks);
  const bool in_gap = r.next < r.gaps.size() && ticks + clock_.slack() >= r.gaps[r.next].start;
  auto& result = results_[receiver];
  if (in_gap) {
    if (r.story.events++ == 0) r.story.first = ticks;
    r.story.last = ticks;
    ++result.events;
  } else if (ticks >= r.start && ticks <= r.end) {
    ++result.events;
    ++result.events_outside;
  }
  const bool counts = in_window(event.time);
  if (is_interrupt(role)) {
    const auto near = [&](std::uint64_t edge) {
      return event.time + edge_ >= edge && event.time <= edge + edge_;
    };
    if (near(begin_) || near(end_)) ++result.near_edges;
  }
  switch (role) {
    case EventRole::call_ipi: open_ipi(receiver, ticks, in_gap, counts, -1); break;
    case EventRole::call_ipi_end:
      if (r.ipi_open) settle_ipi(receiver);
      r.in_ipi = false;
      break;
    case EventRole::call_begin: callback(receiver, event, ticks, in_gap, counts); break;
    case EventRole::reschedule_ipi: reschedule(receiver, ticks, in_gap, counts); break;
    case EventRole::tick:
      if (counts) ++result.ticks;
      occurred(receiver, tick_, ticks, in_gap, counts, false);
      break;
    case EventRole::vector: {
      const auto& name = table_.vector_name(event.id());
      const bool work = name == "irq_work";
      if (work && counts) ++result.irq_works;
      occurred(receiver, work ? irq_work_ : names_.vector(event.id(), name), ticks, in_gap, counts,
               false);
      break;
    }
    case EventRole::handler: handler(receiver, event, ticks, in_gap, counts); break;
    case EventRole::handler_end:
      if (!table_.has_vectors && r.in_ipi) {
        if (r.ipi_open) settle_ipi(receiver);
        r.in_ipi = false;
      }
      break;
    case EventRole::softirq:
      occurred(receiver, names_.softirq(static_cast<std::uint32_t>(table_.softirq_vec(event))),
               ticks, in_gap, counts, true);
      break;
    case EventRole::task_switch: task_switch(receiver, event, ticks, in_gap, counts); break;
    case EventRole::nmi:  // once per handler, after it ran
      occurred(receiver, names_.nmi(table_.nmi_handler(event)), ticks, in_gap, counts, true);
      break;
    case EventRole::page_fault: occurred(receiver, fault_, ticks, in_gap, counts, true); break;
    case EventRole::machine_check: occurred(receiver, mce_, ticks, in_gap, counts, true); break;
    default: break;
  }
}

/// The cause's place in the story, or nullptr where there is no gap or no place.
Cause* Attribution::note_cause(Receiver& r, CauseId id, std::uint64_t ticks, bool in_gap,
                               bool may_repeat) {
  if (!in_gap) return nullptr;
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
  cause.time = ticks;
  return &cause;
}

void Attribution::occurred(std::size_t receiver, CauseId id, std::uint64_t ticks, bool in_gap,
                           bool counts, bool may_repeat) {
  note_cause(receivers_[receiver], id, ticks, in_gap, may_repeat);
  if (counts) ++tally(receiver, id, ticks).callbacks;
}

void Attribution::open_ipi(std::size_t receiver, std::uint64_t ticks, bool in_gap, bool counts,
                           int irq) {
  auto& r = receivers_[receiver];
  if (r.ipi_open) settle_ipi(receiver);
  r.ipi_open = r.in_ipi = true;
  r.ipi_counts = counts;
  r.ipi_time = ticks;
  r.ipi_irq = irq;
  const auto* cause = note_cause(r, silent_, ticks, in_gap, false);
  r.ipi_cause = cause == nullptr ? kNone : r.story.causes.size() - 1;
}

/// A function-call IPI ended without csd_function_entry: an irq_work item, which the kernel does
/// not bracket (kernel/smp.c), or a kernel without these events. The last call queued here is it.
void Attribution::settle_ipi(std::size_t receiver) {
  auto& r = receivers_[receiver];
  r.ipi_open = false;
  PendingCall* found = nullptr;
  for (auto& call : r.recent) {
    if (call.target < 0 || call.func == 0 || clock_.ticks(call.sender.sent) > r.ipi_time) continue;
    if (call.cause == kNoCause) settle_calls(call.sender.cpu, nullptr);
    if (call.cause == kNoCause) continue;
    if (table_.has_function_events && names_.is_wakeup_list(call.cause)) continue;
    if (found == nullptr || call.sender.sent > found->sender.sent) found = &call;
  }
  const auto id = found == nullptr ? silent_ : found->cause;
  if (r.ipi_cause != kNone) {
    auto& cause = r.story.causes[r.ipi_cause];
    cause.id = id;
    cause.by_order = found != nullptr;
    if (found != nullptr) cause.sender = found->sender;
    r.ipi_cause = kNone;
  }
  if (r.ipi_counts) {
    auto& result = results_[receiver];
    auto& one = tally(receiver, id, r.ipi_time);
    ++one.ipis;
    ++result.function_ipis;
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

void Attribution::callback(std::size_t receiver, const TraceEvent& event, std::uint64_t ticks,
                           bool in_gap, bool counts) {
  auto& r = receivers_[receiver];
  auto& result = results_[receiver];
  const auto func = table_.begin_func(event), csd = table_.begin_csd(event);
  if (csd == 0) {  // this CPU called itself
    if (counts) ++result.local_calls;
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
    if (r.ipi_cause != kNone) cause = &r.story.causes[r.ipi_cause];
    r.ipi_cause = kNone;
    if (r.ipi_counts) ++result.function_ipis;
  } else {
    cause = note_cause(r, id, ticks, in_gap, false);
    if (cause != nullptr) cause->same_ipi = r.in_ipi;
  }
  if (cause != nullptr) {
    cause->id = id;
    if (call != nullptr) cause->sender = call->sender;
  }
  if (counts || (first_of_ipi && r.ipi_counts)) {
    auto& one = tally(receiver, id, ticks);
    if (first_of_ipi && r.ipi_counts) ++one.ipis;
    if (counts) {
      ++one.callbacks;
      ++result.callbacks;
      if (call != nullptr) ++one.joined, ++result.callbacks_joined;
    }
  }
  if (call == nullptr) return;
  for (auto& recent : r.recent)
    if (recent.csd == csd) recent.target = -1;
  call->csd = 0;
}

void Attribution::reschedule(std::size_t receiver, std::uint64_t ticks, bool in_gap, bool counts) {
  auto& r = receivers_[receiver];
  const bool joined = !r.reschedule_used;
  const auto id = names_.call(0, 0, joined ? r.reschedule.callsite : 0);
  if (auto* cause = note_cause(r, id, ticks, in_gap, false); cause != nullptr && joined)
    cause->sender = r.reschedule;
  r.reschedule_used = true;
  if (!counts) return;
  auto& result = results_[receiver];
  ++result.reschedule_ipis;
  auto& one = tally(receiver, id, ticks);
  ++one.ipis;
  if (joined) ++one.joined, ++result.reschedules_joined;
}

void Attribution::handler(std::size_t receiver, const TraceEvent& event, std::uint64_t ticks,
                          bool in_gap, bool counts) {
  auto& result = results_[receiver];
  const auto irq = static_cast<int>(table_.handler_irq.as_signed(event));
  const auto name = table_.handler_name.text(event);
  if (name == "arch_timer") {
    if (counts) ++result.ticks;
    return occurred(receiver, tick_, ticks, in_gap, counts, false);
  }
  if (name != "IPI" || table_.has_vectors)
    return occurred(receiver, names_.device(irq, name), ticks, in_gap, counts, false);
  // arm64: IPIs are interrupts with numbers in a row; which one calls functions shows when the
  // first function begins. Until then a waiting reschedule decides.
  auto& r = receivers_[receiver];
  const int number =
      ipi_base_ < 0 ? (r.reschedule_used ? kArmCall : kArmReschedule) : irq - ipi_base_;
  if (number == kArmReschedule) return reschedule(receiver, ticks, in_gap, counts);
  if (number == kArmCall) return open_ipi(receiver, ticks, in_gap, counts, irq);
  if (number == kArmIrqWork) {
    if (counts) ++result.irq_works;
    return occurred(receiver, irq_work_, ticks, in_gap, counts, false);
  }
  occurred(receiver, names_.fixed(CauseKind::ipi, "IPI" + std::to_string(number)), ticks, in_gap,
           counts, false);
}

void Attribution::task_switch(std::size_t receiver, const TraceEvent& event, std::uint64_t ticks,
                              bool in_gap, bool counts) {
  auto& r = receivers_[receiver];
  const auto prev = static_cast<std::int32_t>(table_.prev_pid.as_signed(event));
  const auto next = static_cast<std::int32_t>(table_.next_pid.as_signed(event));
  const auto comm = table_.next_comm.text(event);
  if (prev != 0) comms_.set(prev, table_.prev_comm.text(event));
  if (next != 0) comms_.set(next, comm);
  // Between two gaps the probe runs, so the first switch of a gap leads away from it.
  const bool leaves = in_gap && r.story.away_cause == kNoCause && r.away_since == 0;
  if (leaves) r.probe_pid = prev;
  if (next == r.probe_pid) {
    if (in_gap && r.away_since != 0)
      r.story.away += ticks - std::max(r.away_since, r.gaps[r.next].start);
    r.away_since = 0;
    return;
  }
  if (next == 0 && !in_gap) return;  // going idle is no interruption
  const auto id = names_.task(comm);
  if (in_gap) {
    if (r.away_since == 0) r.away_since = ticks;
    if (r.story.away_cause == kNoCause) r.story.away_cause = id;
  }
  if (auto* cause = note_cause(r, id, ticks, in_gap, true); cause != nullptr) cause->pid = next;
  if (counts) ++tally(receiver, id, ticks).callbacks;
}

}  // namespace isolab
