// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/deferred_work.h"

#include <algorithm>

namespace isolab {

namespace {

// TRACE_FLAG_HARDIRQ, _NMI and _SOFTIRQ (include/linux/trace_events.h; the same since 5.14).
constexpr std::uint8_t kInInterrupt = 0x08 | 0x40;
constexpr std::uint8_t kInSoftirq = 0x10;
// Workers that execute at a time; more are workers whose end was lost.
constexpr std::size_t kMostRunning = 4096;

SenderContext context_of(std::uint8_t flags) {
  if ((flags & kInInterrupt) != 0) return SenderContext::interrupt;
  return (flags & kInSoftirq) != 0 ? SenderContext::softirq : SenderContext::task;
}

}  // namespace

void PendingItems::add(const PendingItem& item) {
  Set& set = sets_[index(item.pointer)];
  PendingItem* place = &set[0];
  for (auto& known : set) {
    if (known.pointer == item.pointer) {
      place = &known;
      break;
    }
    if (place->pointer != 0 && (known.pointer == 0 || known.by.sent < place->by.sent))
      place = &known;
  }
  *place = item;
}

PendingItem* PendingItems::find(std::uint64_t pointer, std::uint64_t function) {
  if (pointer == 0) return nullptr;
  for (auto& item : sets_[index(pointer)])
    if (item.pointer == pointer && item.function == function) return &item;
  return nullptr;
}

/// A timer's function runs in the softirq, and under PREEMPT_RT in the task, that began it.
const DeferredWork::Running* DeferredWork::timer_of(const TraceEvent& event) const {
  const auto cpu = static_cast<std::size_t>(event.cpu);
  if (cpu >= expiring_.size()) return nullptr;
  const auto& timer = expiring_[cpu];
  const bool same = timer.kind != OriginKind::none && timer.pid == event.pid() &&
                    ((timer.context ^ event.flags()) & kInSoftirq) == 0;
  return same ? &timer : nullptr;
}

const DeferredWork::Running* DeferredWork::context(const TraceEvent& event) const {
  if ((event.flags() & kInInterrupt) != 0) return nullptr;
  if (const auto* timer = timer_of(event); timer != nullptr) return timer;
  if ((event.flags() & kInSoftirq) != 0) return nullptr;
  const auto found = running_.find(event.pid());
  return found == running_.end() ? nullptr : &found->second;
}

Origins DeferredWork::origins(const TraceEvent& event) const {
  const auto* running = context(event);
  if (running == nullptr) return {};
  const auto& by = running->by;
  Origins out{Origin{running->function, by.pid, by.comm, by.cpu, by.within, running->kind}};
  std::copy_n(by.origins.begin(), out.size() - 1, out.begin() + 1);
  return out;
}

Sender DeferredWork::sender(const TraceEvent& event) const {
  Sender out{event.cpu, event.pid(), comms_.of(event.pid()), 0, 0, event.time};
  out.origins = origins(event);
  const bool timer = out.origins[0].kind == OriginKind::timer;
  if (!timer) out.context = context_of(event.flags());
  // The task that a softirq or an interrupt interrupted has no part in it.
  if (timer || out.context != SenderContext::task) out.pid = -1, out.comm = 0;
  const auto cpu = static_cast<std::size_t>(event.cpu);
  if (cpu < handling_.size() && table_.has_ends && out.context != SenderContext::task)
    out.within =
        out.context == SenderContext::softirq ? handling_[cpu].softirq : handling_[cpu].interrupt;
  return out;
}

DeferredWork::Running DeferredWork::start(PendingItems& items, OriginKind kind,
                                          const EventTable::ItemFields& fields,
                                          const TraceEvent& event) {
  Running out;
  out.kind = kind;
  out.pointer = fields.pointer(event), out.function = fields.function(event);
  out.pid = event.pid(), out.context = event.flags();
  auto* item = items.find(out.pointer, out.function);
  if (item == nullptr || item->done) return out;  // `done`: queueing it again was lost
  item->done = true;
  out.by = item->by;
  return out;
}

void DeferredWork::queue(const TraceEvent& event) {
  const auto& fields = table_.queued_work;
  work_.add({fields.pointer(event), fields.function(event), false, sender(event)});
}

void DeferredWork::begin(const TraceEvent& event) {
  if (running_.size() >= kMostRunning) running_.clear();
  running_[event.pid()] = start(work_, OriginKind::work, table_.begun_work, event);
}

void DeferredWork::arm(const TraceEvent& event) {
  const auto& fields = table_.started_jiffy_timer;
  const auto pointer = fields.pointer(event), function = fields.function(event);
  const auto* running = context(event);
  if (running != nullptr && running->kind == OriginKind::timer && running->pointer == pointer) {
    // It arms itself again and keeps who armed it first, where that is known.
    if (auto* known = timers_.find(pointer, function); known != nullptr) known->done = false;
    return;
  }
  timers_.add({pointer, function, false, sender(event)});
}

void DeferredWork::expire(const TraceEvent& event) {
  const auto cpu = static_cast<std::size_t>(event.cpu);
  if (cpu >= expiring_.size()) expiring_.resize(cpu + 1);
  expiring_[cpu] = start(timers_, OriginKind::timer, table_.jiffy_timer, event);
}

void DeferredWork::expired(const TraceEvent& event) {
  const auto cpu = static_cast<std::size_t>(event.cpu);
  if (cpu < expiring_.size()) expiring_[cpu] = {};
}

void DeferredWork::arm_hrtimer(const TraceEvent& event, const Sender* caller) {
  const auto& fields = table_.started_timer;
  hrtimers_.add({fields.pointer(event), fields.function(event), false,
                 caller != nullptr ? *caller : sender(event)});
}

void DeferredWork::hrtimer_rearmed(const TraceEvent& event) {
  const auto& fields = table_.started_timer;
  auto* known = hrtimers_.find(fields.pointer(event), fields.function(event));
  if (known != nullptr) known->done = false;
}

const Sender* DeferredWork::hrtimer_expires(const TraceEvent& event) {
  auto* item = hrtimers_.find(table_.timer.pointer(event), table_.timer.function(event));
  if (item == nullptr || item->done) return nullptr;
  item->done = true;
  return &item->by;
}

const Sender* DeferredWork::queuer(const TraceEvent& event) const {
  const auto found = running_.find(event.pid());
  return found == running_.end() || !found->second.by.known() ? nullptr : &found->second.by;
}

const Sender* DeferredWork::armer(const TraceEvent& event) const {
  const auto cpu = static_cast<std::size_t>(event.cpu);
  return cpu >= expiring_.size() || !expiring_[cpu].by.known() ? nullptr : &expiring_[cpu].by;
}

}  // namespace isolab
