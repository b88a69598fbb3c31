// SPDX-License-Identifier: Apache-2.0
// The sender's side: calls queued and IPIs sent to measured CPUs.
#include <algorithm>
#include <utility>

#include "analysis/attribution/attribution.h"

namespace isolab {

void Attribution::count_sender(CauseTally& tally, const Sender& sender) {
  auto& one = tally.senders[{sender.callsite, sender.comm, sender.stack}];
  if (one.count++ == 0) one.example = sender;
  if (one.example.pid != sender.pid || one.count == 1) one.pids.insert(sender.pid);
}

/// The stack of a call follows it in the same buffer; any other event says that there is none.
void Attribution::settle_calls(int sender_cpu, const TraceEvent* stack) {
  auto& open = open_calls_[static_cast<std::size_t>(sender_cpu)];
  if (!open.any()) return;
  const StackId interned = stack == nullptr ? StackId{0} : stacks_.intern(table_.stack, *stack);
  for (const auto& call : open.calls) settle_call(sender_cpu, call, interned);
  open.calls.clear();
  const auto receiver = std::exchange(open.reschedule, kNone);
  if (receiver != kNone && receivers_[receiver].reschedule.cpu == sender_cpu)
    settle_reschedule(receiver, interned);
}

void Attribution::settle_reschedule(std::size_t receiver, StackId stack) {
  auto& r = receivers_[receiver];
  if (r.reschedule_id != kNoCause) return;
  r.reschedule.stack = stack;
  r.reschedule_id = names_.call(0, stack, r.reschedule.callsite);
  if (!in_window(r.reschedule.sent)) return;
  ++results_[receiver].ipis_sent;
  auto& one = tally(receiver, r.reschedule_id, clock_.ticks(r.reschedule.sent));
  ++one.sends;
  count_sender(one, r.reschedule);
}

void Attribution::settle_call(int sender_cpu, const OpenCalls::Call& open, StackId stack) {
  auto& call = receivers_[open.receiver].recent[open.recent];
  if (call.cause != kNoCause || call.sender.cpu != sender_cpu) return;  // overtaken by newer calls
  if (stack != 0) call.sender.stack = stack;
  call.cause = names_.call(call.func, call.sender.stack, call.sender.callsite);
  if (call.csd != 0) {
    auto* pending = pending_.find(call.csd, call.func, call.target);
    if (pending != nullptr && pending->sender.sent == call.sender.sent) *pending = call;
  }
  if (!in_window(call.sender.sent)) return;
  ++results_[open.receiver].calls_queued;
  auto& one = tally(open.receiver, call.cause, clock_.ticks(call.sender.sent));
  ++one.sends;
  count_sender(one, call.sender);
}

void Attribution::queue_call(const TraceEvent& event, std::size_t receiver, std::uint64_t csd,
                             std::uint64_t func, std::uint64_t callsite) {
  auto& open = open_calls_[static_cast<std::size_t>(event.cpu)];
  if (!open.calls.empty() && open.time != event.time) settle_calls(event.cpu, nullptr);
  auto& r = receivers_[receiver];
  PendingCall call;
  call.csd = csd, call.func = func, call.target = r.story.cpu;
  call.sender = {event.cpu, event.pid(), comms_.of(event.pid()), 0, callsite, event.time};
  if (csd != 0) {
    auto& pending = pending_.add(csd, func, r.story.cpu);
    pending = call;
  }
  r.recent_at = (r.recent_at + 1) % kRecentCalls;
  r.recent[r.recent_at] = call;
  open.time = event.time;
  open.calls.push_back({receiver, r.recent_at});
}

void Attribution::send(const TraceEvent& event, std::size_t receiver, std::uint64_t callback,
                       std::uint64_t callsite) {
  auto& r = receivers_[receiver];
  if (event.cpu == r.story.cpu) return;  // irq_work of that CPU itself
  const bool counts = in_window(event.time);
  if (callback == 0) {
    if (r.reschedule_id == kNoCause && r.reschedule.known())
      settle_calls(r.reschedule.cpu, nullptr);
    r.reschedule = {event.cpu, event.pid(), comms_.of(event.pid()), 0, callsite, event.time};
    r.reschedule_id = kNoCause;
    r.reschedule_used = false;
    r.reschedule_wakes = true;
    r.reschedule_woken_pid = -1;
    open_calls_[static_cast<std::size_t>(event.cpu)].reschedule = receiver;
    return;
  }
  // 6.4 only: no csd events, and the function is named here, once more beside the IPI proper.
  const bool is_function = !table_.has_queue_events && callback != generic_;
  if (is_function) queue_call(event, receiver, 0, callback, callsite);
  if (counts && !is_function) ++results_[receiver].ipis_sent;
}

void Attribution::send_side(const TraceEvent& event, EventRole role) {
  const auto each = [&](auto&& is_target, auto&& use) {
    for (std::size_t i = 0; i < receivers_.size(); ++i)
      if (is_target(receivers_[i].story.cpu)) use(i);
  };
  switch (role) {
    case EventRole::queue_call:
      if (const auto i = receiver_of(table_.queue_cpu(event)); i != kNone)
        queue_call(event, i, table_.queue_csd(event), table_.queue_func(event),
                   table_.queue_callsite(event));
      break;
    case EventRole::send_one:
      if (const auto i = receiver_of(table_.send_cpu(event)); i != kNone)
        send(event, i, table_.send_callback(event), table_.send_callsite(event));
      break;
    case EventRole::send_mask:
      each([&](int cpu) { return table_.mask_cpus.has_cpu(event, cpu); },
           [&](std::size_t i) {
             send(event, i, table_.mask_callback(event), table_.mask_callsite(event));
           });
      break;
    case EventRole::probe_many:
      each([&](int cpu) { return cpu != event.cpu && table_.many_has(event, cpu); },
           [&](std::size_t i) { queue_call(event, i, 0, table_.many_func(event), 0); });
      break;
    case EventRole::probe_one: {
      const auto& fields = table_.call_probes.at(event.id());
      const auto i = receiver_of(fields.cpu(event));
      if (i == kNone || receivers_[i].story.cpu == event.cpu) break;
      // CSD_TYPE_TTWU (include/linux/smp_types.h): the node is a task's, `func` is not one.
      constexpr std::uint64_t kTypeMask = 0x30;
      const bool wakeup = (fields.flags(event) & kTypeMask) == kTypeMask;
      queue_call(event, i, fields.csd(event), wakeup ? wakeup_ : fields.func(event), 0);
      break;
    }
    default: break;
  }
}

}  // namespace isolab
