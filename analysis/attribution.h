// SPDX-License-Identifier: Apache-2.0
// Joins what the probe heard with what the kernel's trace saw. Streaming: events come in once, in
// time order, memory does not grow with the trace. Pure: needs a trace directory and gaps only.
//
// The rules (docs/attribution.md):
// - Containment: an event of the measured CPU inside [start, start + length] belongs to the gap. A
//   gap's causes stand in the order of time; the first is its trigger.
// - A remote call is joined to the last csd_queue_cpu before it with the same csd pointer, function
//   and target; a reschedule IPI to the last ipi_send_cpu without callback to that CPU. Without csd
//   events, a function-call IPI is joined to the last call queued for that CPU (`by_order`).
// - A gap has three parts: before the first event (delivery, hypervisor), traced, after the last.
// - Time: while another task runs, the gap's time is that task's; all other time of the gap is its
//   trigger's. A gap without any event is silent; see analysis/periodicity.h.
// - A csd_function_entry without csd pointer is a call of this CPU to itself: no interruption.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "analysis/attribution_events.h"
#include "analysis/attribution_names.h"
#include "analysis/attribution_tables.h"
#include "base/histogram.h"
#include "base/records.h"
#include "trace/meta.h"
#include "trace/reader.h"

namespace isolab {

struct Cause {
  CauseId id = kNoCause;
  std::uint64_t time = 0;   // ticks
  std::uint32_t times = 1;  // of the same kind in a row (page faults, softirqs, NMI handlers)
  bool same_ipi = false;    // a further callback of the IPI before it
  bool by_order = false;    // joined by order only, not by pointer
  std::int32_t pid = -1;    // of the task switched to
  Sender sender;
};

/// One gap with everything that happened in it. Valid during the callback.
struct GapStory {
  static constexpr std::size_t kMostCauses = 16;
  int cpu = 0;
  std::size_t index = 0;  // of the gap in the CPU's list
  Gap gap;
  std::uint64_t events = 0;           // 0: silent
  std::uint64_t first = 0, last = 0;  // ticks of the first and last event
  std::uint64_t away = 0;             // ticks in which another task ran
  CauseId away_cause = kNoCause;
  std::vector<Cause> causes;  // up to kMostCauses
  std::uint64_t more_causes = 0;

  std::uint64_t before() const { return events == 0 ? 0 : std::max(first, gap.start) - gap.start; }
  std::uint64_t traced() const { return last - first; }
  std::uint64_t after() const {
    const auto end = gap.start + gap.length;
    return events == 0 || last > end ? 0 : end - last;
  }
};

struct SenderTally {
  std::uint64_t count = 0;
  Sender example;
};

/// One cause on one CPU. Sends, IPIs and callbacks are three counts: a call queued while an IPI is
/// on its way sends none, and an IPI runs all calls that wait.
struct CauseTally {
  std::uint64_t sends = 0;             // calls queued for this CPU, reschedule IPIs sent to it
  std::uint64_t ipis = 0;              // IPIs received whose first callback this is
  std::uint64_t callbacks = 0;         // functions run; for all other causes: how often seen
  std::uint64_t joined = 0;            // of the callbacks and reschedules: with their sender
  std::uint64_t gaps = 0;              // that it triggered
  std::uint64_t ticks = 0;             // of the gaps' time, by the rule above
  std::uint64_t first = 0, last = 0;   // ticks, of all of these
  std::uint64_t longest = 0;           // ticks, of the gaps it triggered
  std::unique_ptr<Histogram> lengths;  // of the gaps it triggered, in ticks
  std::unordered_map<std::uint64_t, SenderTally> senders;  // by comm and stack
};

/// What one measured CPU received in the window.
struct CpuAttribution {
  int cpu = 0;
  std::vector<CauseTally> causes;     // by CauseId, may be shorter than the list of names
  std::vector<std::uint32_t> silent;  // gaps without any event, as indices

  // Counted between the window's edges.
  std::uint64_t function_ipis = 0, reschedule_ipis = 0, ticks = 0, irq_works = 0;
  std::uint64_t user_flushes = 0;  // callbacks that the TLB row counts
  std::uint64_t calls_queued = 0, ipis_sent = 0;
  std::uint64_t callbacks = 0, callbacks_joined = 0, reschedules_joined = 0, local_calls = 0;
  std::uint64_t near_edges = 0;  // interrupts within 20 ms of an edge: the counters' slack

  std::uint64_t gaps = 0, gap_ticks = 0;             // all that were logged
  std::uint64_t explained = 0, explained_ticks = 0;  // with at least one event
  std::uint64_t gaps_over_1us = 0, explained_over_1us = 0;
  std::uint64_t away_ticks = 0;
  std::uint64_t two_causes = 0;  // gaps with more than one interruption
  std::uint64_t before_ticks = 0, traced_ticks = 0, after_ticks = 0;
  std::uint64_t events = 0, events_outside = 0;  // of this CPU in the probe's span; in no gap
};

struct CpuGaps {
  int cpu = 0;
  std::uint64_t start = 0, end = 0;  // the probe's span, ticks; both 0: no probe ran
  std::uint64_t microsecond = 0;     // in ticks
  std::span<const Gap> gaps;         // in time order, must outlive the attribution
};

class Attribution {
 public:
  /// `trace` and `rules` must outlive it.
  Attribution(const TraceDirectory& trace, const TraceMeta& meta, const Classifier& rules,
              const std::vector<CpuGaps>& cpus);
  Attribution(const Attribution&) = delete;
  Attribution& operator=(const Attribution&) = delete;

  /// Called for every gap, in time order on each CPU.
  void on_gap(std::function<void(const GapStory&)> use) { on_gap_ = std::move(use); }

  /// The next event of the merged trace.
  void add(const TraceEvent& event);
  /// After the last event: closes what is open.
  void finish();

  const CauseNames& names() const { return names_; }
  const CommTable& comms() const { return comms_; }
  std::vector<CpuAttribution>& cpus() { return results_; }
  const std::vector<CpuAttribution>& cpus() const { return results_; }
  std::uint64_t events() const { return events_; }
  std::uint64_t forgotten_calls() const { return pending_.forgotten(); }
  std::uint64_t ticks(std::uint64_t trace_time) const { return clock_.ticks(trace_time); }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};
  static constexpr std::size_t kRecentCalls = 8;

  /// What is known about a measured CPU while the events pass.
  struct Receiver {
    std::span<const Gap> gaps;
    std::size_t next = 0;  // the gap that is open or comes next
    std::uint64_t start = 0, end = 0, microsecond = 0;
    GapStory story;
    std::int32_t probe_pid = -1;
    std::uint64_t away_since = 0;  // 0: the probe runs, or nobody knows
    bool in_ipi = false;           // between entry and exit of a function-call IPI
    bool ipi_open = false;         // and it has not shown a callback yet
    bool ipi_counts = false;
    std::uint64_t ipi_time = 0;
    std::size_t ipi_cause = kNone;  // its place in the story
    int ipi_irq = -1;               // arm64: the number of the IPI's interrupt
    Sender reschedule;              // the last one sent here
    bool reschedule_used = true;
    std::array<PendingCall, kRecentCalls> recent;  // calls queued here, a ring
    std::size_t recent_at = 0;
  };
  /// The call whose stack may still follow in the buffer of this CPU.
  /// Calls whose stack may still come. One event that names several receivers (the kprobe on
  /// smp_call_function_many_cond) has one stack for all of them.
  struct OpenCalls {
    struct Call {
      std::size_t receiver = 0;
      std::size_t recent = 0;  // its place in the receiver's ring
    };
    std::uint64_t time = 0;  // of the event
    std::vector<Call> calls;
  };

  std::size_t receiver_of(std::uint64_t cpu) const {
    return cpu < receiver_index_.size() ? receiver_index_[cpu] : kNone;
  }
  bool in_window(std::uint64_t time) const { return time >= begin_ && time <= end_; }
  CauseTally& tally(std::size_t receiver, CauseId id, std::uint64_t ticks);

  // sender's side
  void settle_calls(int sender_cpu, const TraceEvent* stack);
  void settle_call(int sender_cpu, const OpenCalls::Call& open, StackId stack);
  void queue_call(const TraceEvent& event, std::size_t receiver, std::uint64_t csd,
                  std::uint64_t func, std::uint64_t callsite);
  void send(const TraceEvent& event, std::size_t receiver, std::uint64_t callback,
            std::uint64_t callsite);
  void send_side(const TraceEvent& event, EventRole role);

  // receiver's side
  void receive(std::size_t receiver, const TraceEvent& event, EventRole role);
  void advance(std::size_t receiver, std::uint64_t ticks);
  Cause* note_cause(Receiver& r, CauseId id, std::uint64_t ticks, bool in_gap, bool may_repeat);
  void occurred(std::size_t receiver, CauseId id, std::uint64_t ticks, bool in_gap, bool counts,
                bool may_repeat);
  void open_ipi(std::size_t receiver, std::uint64_t ticks, bool in_gap, bool counts, int irq);
  void settle_ipi(std::size_t receiver);
  void callback(std::size_t receiver, const TraceEvent& event, std::uint64_t ticks, bool in_gap,
                bool counts);
  void reschedule(std::size_t receiver, std::uint64_t ticks, bool in_gap, bool counts);
  void handler(std::size_t receiver, const TraceEvent& event, std::uint64_t ticks, bool in_gap,
               bool counts);
  void task_switch(std::size_t receiver, const TraceEvent& event, std::uint64_t ticks, bool in_gap,
                   bool counts);
  void close_gap(std::size_t receiver);

  EventTable table_;
  TraceClock clock_;
  StackTable stacks_;
  CauseNames names_;
  CommTable comms_;
  PendingCalls pending_;
  std::vector<std::size_t> receiver_index_;  // by CPU
  std::vector<Receiver> receivers_;
  std::vector<CpuAttribution> results_;
  std::vector<OpenCalls> open_calls_;  // by the sender's CPU
  std::function<void(const GapStory&)> on_gap_;
  std::uint64_t begin_ = 0, end_ = 0;  // the window, in the trace clock
  std::uint64_t edge_ = 0;             // 20 ms in the trace clock
  std::uint64_t generic_ = 0;          // generic_smp_call_function_single_interrupt
  std::uint64_t wakeup_ = 0;           // sched_ttwu_pending; both 0 where no symbol says so
  int ipi_base_ = -1;                  // arm64: interrupt of IPI0, learnt from the trace
  CauseId tick_ = kNoCause, irq_work_ = kNoCause, fault_ = kNoCause, mce_ = kNoCause,
          silent_ = kNoCause, unnamed_ = kNoCause;
  std::uint64_t events_ = 0;
};

/// The whole trace of a window through one Attribution; the walk's summaries come back.
Result<std::vector<WalkSummary>> attribute_trace(const TraceDirectory& trace, Attribution& out);

}  // namespace isolab
