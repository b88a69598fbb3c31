// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/trace_context.h"

#include <algorithm>

namespace isolab {

namespace {

/// 20 ms in the unit of the trace clock: the counters are read that close to the window's edges.
std::uint64_t edge_of(const TraceMeta& meta) {
  constexpr std::uint64_t kEdgeNs = 20'000'000;
  if (meta.clock == "mono_raw") return kEdgeNs;
  return meta.line.ns1 > meta.line.ns0 ? meta.line.ticks(kEdgeNs) : 0;
}

}  // namespace

KnownCauses::KnownCauses(CauseNames& names)
    : tick(names.fixed(CauseKind::tick, "local timer")),
      irq_work(names.fixed(CauseKind::irq_work, "irq_work")),
      page_fault(names.fixed(CauseKind::page_fault, "page fault")),
      machine_check(names.fixed(CauseKind::machine_check, "machine check")),
      silent_ipi(names.fixed(CauseKind::silent_ipi, "IPI without a function")),
      idle(names.fixed(CauseKind::probe_stopped, "CPU idle, probe not runnable")),
      late_before(names.fixed(CauseKind::late_delivery, "before an interrupt")),
      late_between(names.fixed(CauseKind::late_delivery, "between two interrupts")),
      late_after(names.fixed(CauseKind::late_delivery, "after the last event")),
      unnamed(names.fixed(CauseKind::vector, "kernel activity without an entry event")) {}

TraceContext::TraceContext(const TraceDirectory& trace, const TraceMeta& meta,
                           const Classifier& rules)
    : table(trace.formats),
      clock(meta),
      names(trace, rules, stacks),
      known(names),
      begin(meta.begin),
      end(meta.end != 0 ? meta.end : ~std::uint64_t{0}) {
  const auto edge = edge_of(meta);
  reads = {begin - std::min(begin, edge), begin + edge, end - std::min(end, edge),
           end + std::min(edge, ~std::uint64_t{0} - end)};
  for (const auto& [pid, comm] : trace.comms) comms.set(pid, comm);
  for (const auto& [address, symbol] : trace.symbols) {
    if (symbol.starts_with("generic_smp_call_function_single_interrupt+0x0"))
      generic_call = address;
    if (symbol.starts_with("sched_ttwu_pending+0x0")) wakeup_call = address;
  }
}

Moment TraceContext::moment(std::uint64_t time) const {
  const auto during = [&](std::uint64_t from, std::uint64_t until) {
    return time >= from && time <= until;
  };
  Moment now;
  now.ticks = now.at = clock.ticks(time);
  now.in_window = in_window(time);
  now.near_edge =
      during(reads.begin_from, reads.begin_until) || during(reads.end_from, reads.end_until);
  now.checked = !now.near_edge && during(reads.begin_from, reads.end_until);
  return now;
}

std::uint64_t TraceContext::sent_before(const GapStory& story) const {
  if (story.causes.empty()) return 0;
  const auto& cause = story.causes.front();
  if (!cause.sender.known() || !names[cause.id].by_ipi) return 0;
  return clock.ticks(cause.sender.sent);
}

}  // namespace isolab
