// SPDX-License-Identifier: Apache-2.0
// What all measured CPUs of one trace share: its events, clock, names and window.
#pragma once

#include <cstdint>
#include <functional>

#include "analysis/attribution/cause_names.h"
#include "analysis/attribution/deferred_work.h"
#include "analysis/attribution/event_table.h"
#include "analysis/attribution/gap_story.h"
#include "analysis/attribution/moment.h"
#include "analysis/attribution/tables.h"
#include "trace/read/meta.h"
#include "trace/read/reader.h"

namespace isolab {

/// When the interrupt counters were read at both edges of the window, in the trace clock: each
/// CPU's at some moment between `from` and `until`.
struct CounterReads {
  std::uint64_t begin_from = 0, begin_until = 0, end_from = 0, end_until = 0;
  bool known() const { return end_until != 0; }
};

/// Causes that need no look-up by name.
struct KnownCauses {
  explicit KnownCauses(CauseNames& names);
  CauseId tick, irq_work, page_fault, machine_check, silent_ipi, idle;
  CauseId late_before, late_between, late_after, unnamed;
};

/// Stays where it is: its parts refer to each other, and the CPUs to it.
struct TraceContext {
  /// `trace` and `rules` must outlive it.
  TraceContext(const TraceDirectory& trace, const TraceMeta& meta, const Classifier& rules);
  TraceContext(const TraceContext&) = delete;
  TraceContext& operator=(const TraceContext&) = delete;

  bool in_window(std::uint64_t time) const { return time >= begin && time <= end; }
  /// In no gap.
  Moment moment(std::uint64_t time) const;
  /// The task that runs on the event's CPU.
  Sender sender(const TraceEvent& event, std::uint64_t callsite) const {
    Sender out{event.cpu, event.pid(), comms.of(event.pid()), 0, callsite, event.time};
    out.origins = deferred.origins(event);
    return out;
  }
  /// When the IPI was sent that opened the gap's first interrupt, in ticks; 0: not known.
  std::uint64_t sent_before(const GapStory& story) const;

  const EventTable table;
  const TraceClock clock;
  StackTable stacks;
  CauseNames names;
  CommTable comms;
  DeferredWork deferred{table, comms};
  const KnownCauses known;
  const std::uint64_t begin, end;  // the window, in the trace clock
  CounterReads reads;
  std::uint64_t generic_call = 0;  // generic_smp_call_function_single_interrupt
  std::uint64_t wakeup_call = 0;   // sched_ttwu_pending; both 0 where no symbol says so
  int ipi_base = -1;               // arm64: interrupt of IPI0, learnt from the trace
  std::function<void(const GapStory&)> on_gap;
};

}  // namespace isolab
