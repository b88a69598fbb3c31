// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/calls_in_flight.h"

#include <utility>

namespace isolab {

void PendingCalls::add(const PendingCall& call) {
  Set& set = sets_[index(call.csd)];
  PendingCall* place = &set[0];
  for (auto& known : set) {
    if (known.csd == call.csd && known.target == call.target) {
      place = &known;  // queued again: the former never ran in sight
      break;
    }
    if (known.csd == 0 || (place->csd != 0 && known.sender.sent < place->sender.sent))
      place = &known;
  }
  if (place->csd != 0 && place->csd != call.csd) ++forgotten_;
  *place = call;
}

void CallsInFlight::settle(int sender_cpu, const TraceEvent* stack) {
  auto& open = open_[static_cast<std::size_t>(sender_cpu)];
  if (!open.any()) return;
  const StackId interned =
      stack == nullptr ? StackId{0} : trace_.stacks.intern(trace_.table.stack, *stack);
  for (const auto& call : open.calls) settle_call(sender_cpu, call, interned);
  open.calls.clear();
  auto* to = std::exchange(open.reschedule, nullptr);
  if (to != nullptr && to->reschedule.sender.cpu == sender_cpu) settle_reschedule(*to, interned);
}

void CallsInFlight::settle_all() {
  for (std::size_t cpu = 0; cpu < open_.size(); ++cpu) settle(static_cast<int>(cpu), nullptr);
}

void CallsInFlight::settle_reschedule(SentCalls& to, StackId stack) {
  auto& sent = to.reschedule;
  if (sent.cause != kNoCause) return;
  sent.sender.stack = stack;
  sent.cause = trace_.names.call(0, stack, sent.sender.callsite);
  if (!trace_.in_window(sent.sender.sent)) return;
  ++to.counts.ipis_sent;
  auto& tally = to.counts.tally(sent.cause, trace_.clock.ticks(sent.sender.sent));
  ++tally.sends;
  tally.add_sender(sent.sender);
}

void CallsInFlight::settle_call(int sender_cpu, const Open::Call& open, StackId stack) {
  auto& call = *open.call;
  if (call.cause != kNoCause || call.sender.cpu != sender_cpu) return;  // overtaken by newer calls
  if (stack != 0) call.sender.stack = stack;
  call.cause = trace_.names.call(call.func, call.sender.stack, call.sender.callsite);
  if (call.csd != 0) {
    auto* pending = pending_.find(call.csd, call.func, call.target);
    if (pending != nullptr && pending->sender.sent == call.sender.sent) *pending = call;
  }
  if (!trace_.in_window(call.sender.sent)) return;
  ++open.to->counts.calls_queued;
  auto& tally = open.to->counts.tally(call.cause, trace_.clock.ticks(call.sender.sent));
  ++tally.sends;
  tally.add_sender(call.sender);
}

void CallsInFlight::queue(const TraceEvent& event, SentCalls& to, std::uint64_t csd,
                          std::uint64_t func, std::uint64_t callsite) {
  auto& open = open_[static_cast<std::size_t>(event.cpu)];
  if (!open.calls.empty() && open.time != event.time) settle(event.cpu, nullptr);
  const PendingCall call{csd, func, to.counts.cpu, kNoCause, trace_.sender(event, callsite)};
  if (csd != 0) pending_.add(call);
  open.time = event.time;
  open.calls.push_back({&to, &to.push(call)});
}

void CallsInFlight::send_reschedule(const TraceEvent& event, SentCalls& to,
                                    std::uint64_t callsite) {
  auto& sent = to.reschedule;
  if (sent.cause == kNoCause && sent.sender.known()) settle(sent.sender.cpu, nullptr);
  sent = {trace_.sender(event, callsite), kNoCause, false, true};
  open_[static_cast<std::size_t>(event.cpu)].reschedule = &to;
}

}  // namespace isolab
