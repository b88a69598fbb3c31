// SPDX-License-Identifier: Apache-2.0
// Joins the gaps of the probe with the kernel's trace. Streaming: events come in once, in
// time order, memory does not grow with the trace. Pure: needs a trace directory and gaps only.
//
// The rules (docs/attribution.md):
// - Containment: an event of the measured CPU inside [start, start + length] belongs to the gap. A
//   gap's causes are listed in time order.
// - A remote call is joined to the last csd_queue_cpu before it with the same csd pointer, function
//   and target; a reschedule IPI to the last ipi_send_cpu without callback to that CPU. Without csd
//   events, a function-call IPI is joined to the last call queued for that CPU (`by_order`).
// - Time: a gap is cut into slices that sum to it (analysis/attribution/gap_timeline.h). A slice
//   belongs to the innermost interrupt, softirq or task that ran. Time before an IPI was sent, and
//   time around an interrupt far beyond its usual delivery, is late delivery. The owner of a gap's
//   first slice is its trigger. A gap without any event is silent; see
//   analysis/statistics/periodicity.h.
// - A csd_function_entry without csd pointer is a call of this CPU to itself, not an interruption.
// - The probe never interrupts itself: while it is stopped or asleep, the time is `probe_stopped`.
//
// - A work item is joined to the last workqueue_queue_work with the same pointer and function, a
//   timer to the last timer_start or hrtimer_start, of any CPU. An IPI sent, work queued or a timer
//   armed by a worker or in a timer's function has as origin who queued or armed that.
//
// TraceContext is shared by all CPUs; CallsInFlight contains calls that were sent and have not
// arrived, DeferredWork work items and timers. Of each measured CPU, FunctionIpi, TimerInterrupt
// and CpuTasks read the events, OpenGap contains the current gap, GapBook counts the closed ones
// and CpuAttribution their causes; MeasuredCpu contains all of these.
#pragma once

#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "analysis/attribution/calls_in_flight.h"
#include "analysis/attribution/gap_story.h"
#include "analysis/attribution/measured_cpu.h"
#include "analysis/attribution/tallies.h"
#include "analysis/attribution/trace_context.h"
#include "trace/read/reader.h"

namespace isolab {

/// One trace: each event goes to the CPU it happened on, and to the measured CPUs that it names.
class Attribution {
 public:
  /// `trace` and `rules` must outlive it.
  Attribution(const TraceDirectory& trace, const TraceMeta& meta, const Classifier& rules,
              const std::vector<CpuGaps>& cpus);
  Attribution(const Attribution&) = delete;
  Attribution& operator=(const Attribution&) = delete;

  /// Before the first event. Without it the counters were read within 20 ms of the window's edges.
  void counters_read(const CounterReads& reads) { trace_.reads = reads; }

  /// Called for every gap, in time order on each CPU. The story is valid during the call.
  void on_gap(std::function<void(const GapStory&)> use) { trace_.on_gap = std::move(use); }

  /// The next event of the merged trace.
  void add(const TraceEvent& event);
  /// After the last event: closes what is open.
  void finish();

  const CauseNames& names() const { return trace_.names; }
  const CommTable& comms() const { return trace_.comms; }
  const std::vector<CpuAttribution>& cpus() const { return counts_; }
  std::uint64_t events() const { return events_; }
  std::uint64_t forgotten_calls() const { return calls_.forgotten(); }
  std::uint64_t ticks(std::uint64_t trace_time) const { return trace_.clock.ticks(trace_time); }

 private:
  /// nullptr: not measured.
  MeasuredCpu* measured(std::uint64_t cpu) const {
    return cpu < by_cpu_.size() ? by_cpu_[cpu] : nullptr;
  }
  void send(const TraceEvent& event, MeasuredCpu& to, std::uint64_t callback,
            std::uint64_t callsite);
  void send_many(const TraceEvent& event, EventRole role);
  void defer(const TraceEvent& event, EventRole role);
  void send_one(const TraceEvent& event, EventRole role);

  TraceContext trace_;
  CallsInFlight calls_;
  std::vector<CpuAttribution> counts_;  // in the order of measured_
  std::deque<MeasuredCpu> measured_;
  std::vector<MeasuredCpu*> by_cpu_;
  std::uint64_t events_ = 0;
};

/// The whole trace of a window through one Attribution; the walk's summaries come back.
Result<std::vector<WalkSummary>> attribute_trace(const TraceDirectory& trace, Attribution& out);

}  // namespace isolab
