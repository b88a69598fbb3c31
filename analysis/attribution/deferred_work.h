// SPDX-License-Identifier: Apache-2.0
// Work items and timers between their queueing or arming on any CPU and their execution, and what
// each worker and timer softirq executes: an IPI that a worker sends has its origin here.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "analysis/attribution/event_table.h"
#include "analysis/attribution/tables.h"

namespace isolab {

/// A work item or timer by its pointer.
struct PendingItem {
  std::uint64_t pointer = 0, function = 0;
  bool done = false;  // it began, and was neither queued nor armed since
  Sender by;
};

/// Fixed size: the oldest of a set gives way. A pointer that is used again replaces what it was.
class PendingItems {
 public:
  void add(const PendingItem& item);
  /// nullptr: it was queued before the trace, with another function, or gave way.
  PendingItem* find(std::uint64_t pointer, std::uint64_t function);

 private:
  static constexpr std::size_t kSets = 4096;
  using Set = std::array<PendingItem, 4>;
  static std::size_t index(std::uint64_t pointer) {
    return (pointer >> 3) * 0x9e3779b97f4a7c15ull >> 52;  // the top 12 bits: kSets
  }
  std::vector<Set> sets_ = std::vector<Set>(kSets);
};

class DeferredWork {
 public:
  /// Both must outlive it.
  DeferredWork(const EventTable& table, const CommTable& comms) : table_(table), comms_(comms) {}

  /// workqueue_queue_work, workqueue_execute_start and _end, of any CPU.
  void queue(const TraceEvent& event);
  void begin(const TraceEvent& event);
  void end(const TraceEvent& event) { running_.erase(event.pid()); }
  /// timer_start, timer_expire_entry and _exit, of any CPU.
  void arm(const TraceEvent& event);
  void expire(const TraceEvent& event);
  void expired(const TraceEvent& event);

  /// hrtimer_start of any CPU. `caller`: of the remote call that arms it; nullptr: none does.
  void arm_hrtimer(const TraceEvent& event, const Sender* caller);
  /// An hrtimer expires; who armed it, nullptr: not known.
  const Sender* hrtimer_expires(const TraceEvent& event);
  /// The timer whose function runs arms itself again: it keeps who armed it first.
  void hrtimer_rearmed(const TraceEvent& event);

  /// Who queued the item that the event's task begins, or armed the timer whose function the
  /// event's CPU begins; nullptr: not known.
  const Sender* queuer(const TraceEvent& event) const;
  const Sender* armer(const TraceEvent& event) const;

  /// A handler of a device or a softirq begins on a measured CPU; kNoCause: it ends.
  void handles(int cpu, CauseId device) { handling(cpu).interrupt = device; }
  void handles_softirq(int cpu, CauseId softirq) { handling(cpu).softirq = softirq; }

  /// The task, timer or handler that the event is of: who queues or arms.
  Sender sender(const TraceEvent& event) const;
  /// What the context of the event runs on behalf of others.
  Origins origins(const TraceEvent& event) const;

 private:
  struct Running {
    OriginKind kind = OriginKind::none;
    std::uint64_t pointer = 0, function = 0;
    Sender by;  // not known where its cpu is -1
    std::int32_t pid = -1;
    std::uint8_t context = 0;  // flags of the event it began with
  };
  const Running* context(const TraceEvent& event) const;
  const Running* timer_of(const TraceEvent& event) const;
  struct Handling {
    CauseId interrupt = kNoCause, softirq = kNoCause;
  };
  Handling& handling(int cpu) {
    const auto place = static_cast<std::size_t>(cpu);
    if (place >= handling_.size()) handling_.resize(place + 1);
    return handling_[place];
  }
  static Running start(PendingItems& items, OriginKind kind, const EventTable::ItemFields& fields,
                       const TraceEvent& event);

  const EventTable& table_;
  const CommTable& comms_;
  PendingItems work_, timers_, hrtimers_;
  std::unordered_map<std::int32_t, Running> running_;  // work, by the worker's task id
  std::vector<Running> expiring_;                      // timers, by CPU
  std::vector<Handling> handling_;                     // by CPU
};

}  // namespace isolab
