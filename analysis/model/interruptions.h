// SPDX-License-Identifier: Apache-2.0
// What interrupted the measured CPUs of a recording, pooled by arm and CPU. Plain data;
// find_interruptions() (analysis/attribution/interruptions.h) makes it of the traces.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/model/cause_name.h"
#include "analysis/model/noise_budget.h"
#include "analysis/model/sender_context.h"
#include "analysis/statistics/periodicity.h"
#include "base/records.h"

namespace isolab {

/// Silent gaps of one length class.
struct SilentRow {
  std::string lengths;  // "over 10 us", "up to 10 us"
  std::uint64_t gaps = 0, in_phase = 0;
  double lost_us = 0, in_phase_us = 0;
  std::vector<Period> periods;  // of the clearest part of the window with the most gaps
  std::uint64_t most_gaps = 0;  // in a window

  void add(const SilentRow& window);
};

/// Late delivery in several windows, in microseconds (analysis/attribution/late_delivery.h).
struct LateRow {
  std::uint64_t gaps = 0;
  double us = 0, in_phase_us = 0, stolen_us = 0;
};

/// A task that was woken, and how often.
struct WokenRow {
  std::string comm;
  std::uint64_t count = 0;
};

/// What a sender ran on behalf of another, and who queued or armed that.
struct OriginRow {
  OriginKind kind = OriginKind::work;
  std::string function;
  std::string comm;       // empty: no task did, the next origin tells, or not known
  int cpu = -1;           // of one example, like the pid; -1: not known
  std::int32_t pid = -1;  // -1 without a task
  std::string within;     // as in SenderRow
};

struct SenderRow {
  std::string comm;
  int cpu = -1;  // of one example, like the pid
  std::int32_t pid = -1;
  std::vector<std::string> frames;  // "name+0x1a/0x40", innermost first
  std::string work;                 // of a worker of a workqueue: the function of its item
  SenderContext context = SenderContext::task;
  std::string within;  // the device interrupt or softirq of that context; empty: not known
  std::vector<OriginRow> origins;  // the nearest first
  bool is_timer() const { return !origins.empty() && origins[0].kind == OriginKind::timer; }
  /// Else `comm` and `pid` name none.
  bool is_task() const { return !is_timer() && context == SenderContext::task; }
  std::uint64_t count = 0;
  std::uint64_t processes = 0;  // tasks of this name that sent with this stack
  std::vector<WokenRow> woken;  // by count
};

struct CauseRow {
  CauseName name;
  std::uint64_t sends = 0, ipis = 0, callbacks = 0, joined = 0;  // CauseTally has their meanings
  std::uint64_t gaps = 0;                                        // that it triggered
  std::uint64_t parts = 0;                                       // gaps in which it has time
  double lost_us = 0;                                            // of its slices of all gaps
  std::optional<double> p50_us, p99_us;  // of its time in each of `parts`, where there are enough
  double max_us = 0;
  double first_s = 0, last_s = 0;  // since the beginning of their windows
  int first_repeat = 0, last_repeat = 0;
  std::vector<SenderRow> senders;  // by count; of a timer: who armed it, of work: who queued it
  std::vector<WokenRow> woken;     // by count
  /// Of a task, as the kernel counts: -1 deadline, 0-99 real-time (0 is the highest), 100-139 nice.
  std::optional<int> prio_least, prio_most;

  /// How often it came, where no gap was measured: runs, or IPIs that ran nothing (reschedules).
  std::uint64_t times() const { return callbacks > ipis ? callbacks : ipis; }
};

/// A count of the trace beside the kernel's own counter.
struct CrossCheck {
  std::string what;  // "function-call IPIs"
  std::string row;   // "CAL"
  std::uint64_t traced = 0, counted = 0;
  std::uint64_t slack = 0;  // events of the row while its counters were read, and one a window
  int windows_apart = 0;    // in which the two differ by more than that window's slack
  bool agrees() const { return windows_apart == 0; }
};

struct Deferrable {
  std::uint64_t interruptions = 0, all_interruptions = 0;  // gaps with a cause
  double lost_us = 0, all_lost_us = 0;                     // the latter: of all gaps
};

/// One point of the timeline: a gap and the class of its trigger.
struct ClassedGap {
  double at_s = 0;
  double length_us = 0;
  std::string klass;
};

struct ClassTrack {
  int repeat = 0;
  double seconds = 0;
  std::vector<ClassedGap> gaps;  // the longest of each slice of time
};

/// One measured CPU in one arm, all traced windows together.
struct CpuInterruptions {
  std::string arm;
  int cpu = 0;
  int windows = 0;
  double exposure_s = 0;         // between the trace's edges
  bool heard = false;            // a probe measured gaps
  std::vector<CauseRow> causes;  // by lost time, then by times(); by the latter without gaps
  std::uint64_t calls_queued = 0, ipis_sent = 0, function_ipis = 0, reschedule_ipis = 0;
  std::uint64_t callbacks = 0, callbacks_joined = 0, reschedules_joined = 0, local_calls = 0;
  std::uint64_t gaps = 0, explained = 0, explained_over_1us = 0, gaps_over_1us = 0;
  double lost_us = 0, explained_us = 0;
  double before_us = 0, traced_us = 0, after_us = 0;  // of the gaps with events
  LateRow late;
  std::uint64_t probe_wakeups = 0;        // of the reschedule IPIs: they woke the probe itself
  std::vector<std::string> perf_holders;  // "perf (pid 17)": processes with open perf events
  double logged_s = 0;                    // of the probe's span: what the gap log covers
  std::uint64_t gaps_dropped = 0;         // after that, because the log was full
  std::uint64_t two_causes = 0;
  std::uint64_t events = 0, events_outside = 0;
  // The least an event of the trace cost, in ns, measured before the windows; 0: not measured.
  double event_cost_ns = 0;
  /// Share of the time lost that the events in gaps took at least, 0..1; 0 where not known.
  double trace_share() const;
  std::vector<SilentRow> silent;
  std::optional<std::uint64_t>
      smis;                  // system management interrupts, where the observer smi counted
  std::string smis_unknown;  // why it could not
  NoiseBudget budget;
  double ticks_per_second = 0;
  std::vector<CrossCheck> checks;
  Deferrable deferrable;
  std::vector<ClassTrack> tracks;
};

/// How a window was traced; one a window that has the notes of ipi_trace.
struct TracedWindow {
  std::string arm;
  int repeat = 0;
  std::string level, clock;
  std::vector<std::string> reasons;
  std::uint64_t lost = 0, events = 0, faulty_pages = 0, forgotten_calls = 0;
  // Calls and reschedule IPIs that our own processes sent to measured CPUs in the window, without
  // those of interrupts that came while they ran.
  std::uint64_t own_ipis = 0;
  std::string error;  // why there is no attribution
};

/// The same arm with and without the trace (profiles: design.untraced_runs).
struct ObserverEffect {
  std::string arm;
  double traced_p50_us = 0, untraced_p50_us = 0;     // of the gaps over 1 us
  double p50_low_percent = 0, p50_high_percent = 0;  // 95 % of the difference
  double traced_per_s = 0, untraced_per_s = 0;       // gaps over 1 us
  double rate_low_percent = 0, rate_high_percent = 0;
  std::uint64_t traced_gaps = 0, untraced_gaps = 0;
  double p50_percent() const;
  double rate_percent() const;
};

struct Interruptions {
  std::vector<TracedWindow> windows;
  std::vector<CpuInterruptions> cpus;
  std::vector<ObserverEffect> effects;
  std::vector<Warning> warnings;
  bool any() const { return !windows.empty(); }
};

}  // namespace isolab
