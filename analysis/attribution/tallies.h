// SPDX-License-Identifier: Apache-2.0
// What is counted for each measured CPU. Events outside the window change no tally; gaps are
// counted wherever they are, since the probe logs them in the window only.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analysis/attribution/gap_set.h"
#include "analysis/attribution/moment.h"
#include "analysis/attribution/tables.h"
#include "base/histogram.h"

namespace isolab {

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
  SenderContext context = SenderContext::task;
  CauseId within = kNoCause;
  std::array<std::uint64_t, std::tuple_size_v<Origins>> functions = {};  // of the origins
  std::array<CommId, std::tuple_size_v<Origins>> tasks = {};
  explicit SenderKey(const Sender& sender)
      : callsite(sender.callsite),
        comm(sender.comm),
        stack(sender.stack),
        context(sender.context),
        within(sender.within) {
    for (std::size_t i = 0; i < functions.size(); ++i)
      functions[i] = sender.origins[i].function, tasks[i] = sender.origins[i].comm;
  }
  auto operator<=>(const SenderKey&) const = default;
};
struct SenderKeyHash {
  std::size_t operator()(const SenderKey& key) const {
    const auto origin = key.functions[0] + (key.within + 1) + (key.functions[1] << 1) +
                        key.tasks[0] + (std::uint64_t{key.tasks[1]} << 16);
    return ((key.callsite ^ origin) * 0x9e3779b97f4a7c15ull) ^
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

  void add_sender(const Sender& sender);
  /// Its time in one gap, in ticks.
  void add_part(std::uint64_t part_ticks);
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

  /// The tally of a cause that has something at `ticks`.
  CauseTally& tally(CauseId id, std::uint64_t ticks);
  void count_row(std::uint64_t RowCounts::*row, const Moment& now) {
    if (now.in_window) ++(counted.*row);
    if (now.checked) ++(checked.*row);
    if (now.near_edge) ++(near_edges.*row);
  }
};

}  // namespace isolab
