// SPDX-License-Identifier: Apache-2.0
// Joins what the probe heard with what the kernel's trace saw. Streaming: events come in once, in
// time order, memory does not grow with the trace. Pure: needs a trace directory and gaps only.
//
// The rules (docs/attribution.md):
// - Containment: an event of the measured CPU inside [start, start + length] belongs to the gap. A
//   gap's causes are listed in time order.
// - A remote call is joined to the last csd_queue_cpu before it with the same csd pointer, function
//   and target; a reschedule IPI to the last ipi_send_cpu without callback to that CPU. Without csd
//   events, a function-call IPI is joined to the last call queued for that CPU (`by_order`).
// - Time: a gap is cut into slices that sum to it (analysis/attribution/gap_timeline.h). A slice
// belongs to the
//   innermost interrupt, softirq or task that ran. Time before an IPI was sent, and time around an
//   interrupt far beyond its usual delivery, is late delivery. The owner of a gap's first slice is
//   its trigger. A gap without any event is silent; see analysis/statistics/periodicity.h.
// - A csd_function_entry without csd pointer is a call of this CPU to itself: no interruption.
// - The probe never interrupts itself: while it is stopped or asleep, the time is `probe_stopped`.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analysis/attribution/cause_names.h"
#include "analysis/attribution/event_table.h"
#include "analysis/attribution/gap_set.h"
#include "analysis/attribution/gap_timeline.h"
#include "analysis/attribution/tables.h"
#include "base/histogram.h"
#include "base/records.h"
#include "trace/read/meta.h"
#include "trace/read/reader.h"

namespace isolab {

struct Cause {
  CauseId id = kNoCause;
  std::uint64_t time = 0;       // ticks
  std::uint32_t times = 1;      // of the same kind in a row (page faults, softirqs, NMI handlers)
  bool same_ipi = false;        // a further callback of the IPI before it
  bool by_order = false;        // joined by order only, not by pointer
  std::int32_t pid = -1;        // of the task switched to
  std::int16_t prio = 0;        // of that task, as the kernel counts (sched_switch)
  Sender sender;                // of a timer: who armed it
  std::int32_t woken_pid = -1;  // the first task that it woke
  CommId woken = 0;
};

/// One gap with everything that happened in it. Valid during the callback.
struct GapStory {
  static constexpr std::size_t kMostCauses = 16;
  int cpu = 0;
  std::size_t index = 0;  // of the gap in the CPU's list
  Gap gap;
  std::uint64_t events = 0;           // 0: silent
  std::uint64_t first = 0, last = 0;  // ticks of the first and last event
  std::vector<Cause> causes;          // up to kMostCauses
  std::uint64_t more_causes = 0;
  std::vector<Slice> slices;   // every tick on a cause; empty for a silent gap
  CauseId trigger = kNoCause;  // of the first slice
  CauseId main = kNoCause;     // with the most time
  std::uint64_t away = 0;      // ticks of other tasks
  std::uint64_t late = 0;      // ticks of late delivery

  std::uint64_t before() const { return events == 0 ? 0 : std::max(first, gap.start) - gap.start; }
  std::uint64_t traced() const { return last - first; }
  std::uint64_t after() const {
    const auto end = gap.start + gap.length;
    return events == 0 || last > end ? 0 : end - last;
  }
};

/// How often a task was woken by a cause.
using WokenTally = std::unordered_map<CommId, std::uint64_t>;

/// Sends with the same task name, stack and call site.
struct SenderTally {
  std::uint64_t count = 0;
  Sender example;
  std::unordered_set<std::int32_t> pids;  // of all of them
  WokenTally woken;
};
struct SenderKey {
  std::uint64_t callsite = 0;
  CommId comm = 0;
  StackId stack = 0;
  bool operator==(const SenderKey&) const = default;
};
struct SenderKeyHash {
  std::size_t operator()(const SenderKey& key) const {
    return (key.callsite * 0x9e3779b97f4a7c15ull) ^
           ((std::uint64_t{key.comm} << 32 | key.stack) * 0xc2b2ae3d27d4eb4full);
  }
};

/// One cause on one CPU. Sends, IPIs and callbacks are three counts: a call queued while an IPI is
/// on its way sends none, and an IPI runs all calls that wait.
struct CauseTally {
  std::uint64_t sends = 0;             // calls queued for this CPU, reschedule IPIs sent to it
  std::uint64_t ipis = 0;              // IPIs received whose first callback this is
  std::uint64_t callbacks = 0;         // functions run; for all other causes: how often seen
  std::uint64_t joined = 0;            // of the callbacks and reschedules: with their sender
  std::uint64_t gaps = 0;              // that it triggered
  std::uint64_t parts = 0;             // gaps in which it has time
  std::uint64_t ticks = 0;             // of its slices
  std::uint64_t first = 0, last = 0;   // ticks, of all of these
  std::uint64_t longest = 0;           // ticks, its most time in one gap
  std::unique_ptr<Histogram> lengths;  // its time in each of `parts` gaps, in ticks
  std::int16_t prio_least = INT16_MAX, prio_most = INT16_MIN;  // of tasks, as the kernel counts
  std::unordered_map<SenderKey, SenderTally, SenderKeyHash> senders;
  WokenTally woken;
};

/// Counts that have a row in /proc/interrupts.
struct RowCounts {
  std::uint64_t function_ipis = 0, reschedule_ipis = 0, timer = 0, irq_works = 0;
  std::uint64_t user_flushes = 0;  // callbacks that the TLB row counts
};

/// Time of one gap that is late delivery.
struct LateGap {
  std::uint32_t index = 0;  // of the gap in the CPU's list
  std::uint64_t ticks = 0;
  bool triggered = false;  // the gap begins with it
};

/// What one measured CPU received in the window.
struct CpuAttribution {
  int cpu = 0;
  std::vector<CauseTally> causes;  // by CauseId, may be shorter than the list of names
  GapSet silent;                   // gaps without any event
  std::vector<LateGap> late;

  RowCounts counted;     // between the window's edges
  RowCounts checked;     // between the two readings of the counters
  RowCounts near_edges;  // during them: in the counters' difference or not
  std::uint64_t calls_queued = 0, ipis_sent = 0;
  std::uint64_t callbacks = 0, callbacks_joined = 0, reschedules_joined = 0, local_calls = 0;
  std::uint64_t probe_wakeups = 0;  // reschedule IPIs that brought the probe back

  std::uint64_t gaps = 0, gap_ticks = 0;             // all that were logged
  std::uint64_t explained = 0, explained_ticks = 0;  // with a cause; without late delivery
  std::uint64_t gaps_over_1us = 0, explained_over_1us = 0;
  std::uint64_t away_ticks = 0, late_ticks = 0;
  std::uint64_t two_causes = 0;  // gaps with more than one interruption
  std::uint64_t before_ticks = 0, traced_ticks = 0, after_ticks = 0;
  std::uint64_t events = 0, events_outside = 0;  // of this CPU in the probe's span; in no gap
};

/// When the interrupt counters were read at both edges of the window, in the trace clock: each
/// CPU's at some moment between `from` and `until`.
struct CounterReads {
  std::uint64_t begin_from = 0, begin_until = 0, end_from = 0, end_until = 0;
  bool known() const { return end_until != 0; }
};

struct CpuGaps {
  int cpu = 0;
  std::uint64_t start = 0, end = 0;  // the probe's span, ticks; both 0: no gap probe ran
  std::uint64_t microsecond = 0;     // in ticks
  std::span<const Gap> gaps;         // in time order, must outlive the attribution
  std::string probe = {};  // name of its thread; empty: learnt from the first switch in a gap
  const GapList* list = nullptr;  // of `gaps`, if what lies behind may be given back
};

class Attribution {
 public:
  /// `trace` and `rules` must outlive it.
  Attribution(const TraceDirectory& trace, const TraceMeta& meta, const Classifier& rules,
              const std::vector<CpuGaps>& cpus);
  Attribution(const Attribution&) = delete;
  Attribution& operator=(const Attribution&) = delete;

  /// Before the first event. Without it the counters were read within 20 ms of the window's edges.
  void counters_read(const CounterReads& reads) { reads_ = reads; }

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

  /// An event of a measured CPU and what counts of it.
  struct Moment {
    std::uint64_t ticks = 0;
    std::uint64_t at = 0;  // the same inside the open gap: clocks may differ by `slack`
    bool in_gap = false;
    bool counts = false;     // between the window's edges
    bool checked = false;    // between the two readings of the counters
    bool near_edge = false;  // during one of them
  };

  /// What is known about a measured CPU while the events pass.
  struct Receiver {
    std::span<const Gap> gaps;
    const GapList* list = nullptr;
    std::size_t next = 0;  // the gap that is open or comes next
    std::uint64_t start = 0, end = 0, microsecond = 0;
    GapStory story;
    GapTimeline timeline;
    UsualDelay usual;
    bool settled = false;        // `usual` is
    std::vector<GapStory> held;  // until it is; then in order
    std::string probe;           // name of the probe's thread; empty: its pid is learnt
    std::int32_t probe_pid = -1;
    CauseId running = kNoCause;     // the task that has the CPU; kNoCause: the probe
    CauseId stopped = kNoCause;     // why the probe is not runnable; kNoCause: it is
    bool in_ipi = false;            // between entry and exit of a function-call IPI
    bool ipi_open = false;          // and it has not shown a callback yet
    Moment ipi_at;                  // of its entry
    std::size_t ipi_cause = kNone;  // its place in the story
    int ipi_irq = -1;               // arm64: the number of the IPI's interrupt
    bool timer_open = false;        // a timer interrupt that has not shown a timer yet
    bool timer_counts = false, timer_in_gap = false;
    std::uint64_t timer_time = 0;
    std::size_t timer_cause = kNone;
    std::uint64_t expiring = 0;  // the timer whose function runs
    std::unordered_map<std::uint64_t, Sender> armed;
    Sender reschedule;                 // the last one sent here
    CauseId reschedule_id = kNoCause;  // kNoCause: its stack may still come
    bool reschedule_used = true;
    bool reschedule_wakes = false;  // whom it wakes may still come
    std::int32_t reschedule_woken_pid = -1;
    CommId reschedule_woken = 0;
    bool reschedule_runs = false;  // received, and no task was switched to since
    Sender caller;                 // of the callback that runs
    CauseId call_id = kNoCause;
    std::array<PendingCall, kRecentCalls> recent;  // calls queued here, a ring
    std::size_t recent_at = 0;
  };
  /// Calls and a reschedule IPI whose stack may still follow in the buffer of this CPU. One event
  /// that names several receivers (the kprobe on smp_call_function_many_cond) has one stack for
  /// all.
  struct OpenCalls {
    struct Call {
      std::size_t receiver = 0;
      std::size_t recent = 0;  // its place in the receiver's ring
    };
    std::uint64_t time = 0;  // of the event
    std::vector<Call> calls;
    std::size_t reschedule = kNone;  // its receiver
    bool any() const { return !calls.empty() || reschedule != kNone; }
  };
  std::size_t receiver_of(std::uint64_t cpu) const {
    return cpu < receiver_index_.size() ? receiver_index_[cpu] : kNone;
  }
  bool in_window(std::uint64_t time) const { return time >= begin_ && time <= end_; }
  CauseTally& tally(std::size_t receiver, CauseId id, std::uint64_t ticks);

  // sender's side
  void settle_calls(int sender_cpu, const TraceEvent* stack);
  void settle_call(int sender_cpu, const OpenCalls::Call& open, StackId stack);
  void settle_reschedule(std::size_t receiver, StackId stack);
  void queue_call(const TraceEvent& event, std::size_t receiver, std::uint64_t csd,
                  std::uint64_t func, std::uint64_t callsite);
  void send(const TraceEvent& event, std::size_t receiver, std::uint64_t callback,
            std::uint64_t callsite);
  void send_side(const TraceEvent& event, EventRole role);
  void woken(const TraceEvent& event);

  // receiver's side
  void receive(std::size_t receiver, const TraceEvent& event, EventRole role);
  void interrupt(std::size_t receiver, const TraceEvent& event, EventRole role, const Moment& now);
  Moment moment_of(std::size_t receiver, const TraceEvent& event);
  void advance(std::size_t receiver, std::uint64_t ticks);
  Cause* note_cause(Receiver& r, CauseId id, const Moment& now, bool may_repeat = false);
  void count(std::uint64_t RowCounts::*row, std::size_t receiver, const Moment& now);
  void occurred(std::size_t receiver, CauseId id, const Moment& now, bool may_repeat = false);
  void entered(std::size_t receiver, CauseId id, const Moment& now, bool interrupt);
  void open_ipi(std::size_t receiver, const Moment& now, int irq);
  void settle_ipi(std::size_t receiver);
  void callback(std::size_t receiver, const TraceEvent& event, const Moment& now);
  void reschedule(std::size_t receiver, const Moment& now);
  void open_timer(std::size_t receiver, const Moment& now);
  void settle_timer(std::size_t receiver, CauseId id, const Sender* armed);
  void timer_expires(std::size_t receiver, const TraceEvent& event, const Moment& now);
  void timer_starts(std::size_t receiver, const TraceEvent& event);
  void handler(std::size_t receiver, const TraceEvent& event, const Moment& now);
  void handler_end(std::size_t receiver, const Moment& now);
  void nmi(std::size_t receiver, const TraceEvent& event, const Moment& now);
  void wakes(std::size_t receiver, const TraceEvent& event, const Moment& now);
  void work(std::size_t receiver, const TraceEvent& event, EventRole role, const Moment& now);
  void task_switch(std::size_t receiver, const TraceEvent& event, const Moment& now);
  void probe_leaves(std::size_t receiver, std::int64_t state, const Moment& now);
  bool is_probe(const Receiver& r, std::int32_t pid, std::string_view comm) const;
  void count_sender(CauseTally& tally, const Sender& sender);

  // gaps
  void close_gap(std::size_t receiver);
  std::uint64_t sent_before(const GapStory& story) const;
  void settle_usual(std::size_t receiver);
  void book(std::size_t receiver, GapStory& story);
  void book_times(std::size_t receiver, GapStory& story);

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
  CounterReads reads_;
  std::uint64_t generic_ = 0;  // generic_smp_call_function_single_interrupt
  std::uint64_t wakeup_ = 0;   // sched_ttwu_pending; both 0 where no symbol says so
  int ipi_base_ = -1;          // arm64: interrupt of IPI0, learnt from the trace
  CauseId tick_ = kNoCause, irq_work_ = kNoCause, fault_ = kNoCause, mce_ = kNoCause,
          silent_ = kNoCause, unnamed_ = kNoCause, idle_ = kNoCause;
  CauseId late_before_ = kNoCause, late_between_ = kNoCause, late_after_ = kNoCause;
  std::vector<Slice> booked_;                              // of the gap being booked
  std::vector<std::pair<CauseId, std::uint64_t>> shares_;  // of its causes
  std::uint64_t events_ = 0;
};

/// The whole trace of a window through one Attribution; the walk's summaries come back.
Result<std::vector<WalkSummary>> attribute_trace(const TraceDirectory& trace, Attribution& out);

}  // namespace isolab
