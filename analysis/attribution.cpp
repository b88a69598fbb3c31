// SPDX-License-Identifier: Apache-2.0
// Set-up, dispatch and the gaps; the two sides of an IPI are in attribution_send.cpp and
// attribution_receive.cpp.
#include "analysis/attribution.h"

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

Attribution::Attribution(const TraceDirectory& trace, const TraceMeta& meta,
                         const Classifier& rules, const std::vector<CpuGaps>& cpus)
    : table_(trace.formats),
      clock_(meta),
      names_(trace, rules, stacks_),
      begin_(meta.begin),
      end_(meta.end != 0 ? meta.end : ~std::uint64_t{0}),
      edge_(edge_of(meta)) {
  for (const auto& [pid, comm] : trace.comms) comms_.set(pid, comm);
  for (const auto& [address, symbol] : trace.symbols) {
    if (symbol.starts_with("generic_smp_call_function_single_interrupt+0x0")) generic_ = address;
    if (symbol.starts_with("sched_ttwu_pending+0x0")) wakeup_ = address;
  }
  int highest = 0;
  for (const auto& [cpu, path] : trace.pages) highest = std::max(highest, cpu);
  for (const auto& one : cpus) highest = std::max(highest, one.cpu);
  receiver_index_.assign(static_cast<std::size_t>(highest) + 1, kNone);
  open_calls_.resize(static_cast<std::size_t>(highest) + 1);
  receivers_.resize(cpus.size());
  results_.resize(cpus.size());
  for (std::size_t i = 0; i < cpus.size(); ++i) {
    receiver_index_[static_cast<std::size_t>(cpus[i].cpu)] = i;
    auto& receiver = receivers_[i];
    receiver.gaps = cpus[i].gaps;
    receiver.start = cpus[i].start, receiver.end = cpus[i].end;
    receiver.microsecond = cpus[i].microsecond;
    receiver.story.cpu = cpus[i].cpu;
    results_[i].cpu = cpus[i].cpu;
  }
  tick_ = names_.fixed(CauseKind::tick, "local timer");
  irq_work_ = names_.fixed(CauseKind::irq_work, "irq_work");
  fault_ = names_.fixed(CauseKind::page_fault, "page fault");
  mce_ = names_.fixed(CauseKind::machine_check, "machine check");
  silent_ = names_.fixed(CauseKind::silent_ipi, "IPI without a function");
  unnamed_ = names_.fixed(CauseKind::vector, "kernel activity without an entry event");
}

void Attribution::add(const TraceEvent& event) {
  ++events_;
  const auto role = table_.role(event.id());
  const auto cpu = static_cast<std::size_t>(event.cpu);
  if (cpu >= open_calls_.size() || role == EventRole::none) return;
  if (!open_calls_[cpu].calls.empty()) {
    settle_calls(event.cpu, role == EventRole::stack ? &event : nullptr);
    if (role == EventRole::stack) return;
  }
  if (const auto receiver = receiver_index_[cpu]; receiver != kNone) receive(receiver, event, role);
  switch (role) {
    case EventRole::queue_call:
    case EventRole::send_one:
    case EventRole::send_mask:
    case EventRole::probe_many:
    case EventRole::probe_one: send_side(event, role); break;
    case EventRole::new_task:
      comms_.set(static_cast<std::int32_t>(table_.new_pid.as_signed(event)),
                 table_.new_comm.text(event));
      break;
    case EventRole::rename_task:
      comms_.set(static_cast<std::int32_t>(table_.rename_pid.as_signed(event)),
                 table_.rename_comm.text(event));
      break;
    default: break;
  }
}

CauseTally& Attribution::tally(std::size_t receiver, CauseId id, std::uint64_t ticks) {
  auto& causes = results_[receiver].causes;
  if (id >= causes.size()) causes.resize(std::max<std::size_t>(id + std::size_t{1}, 32));
  auto& one = causes[id];
  if (one.first == 0 || ticks < one.first) one.first = ticks;
  one.last = std::max(one.last, ticks);
  return one;
}

void Attribution::close_gap(std::size_t receiver) {
  auto& r = receivers_[receiver];
  auto& result = results_[receiver];
  auto& story = r.story;
  if (r.ipi_open) settle_ipi(receiver);
  const Gap gap = r.gaps[r.next];
  story.index = r.next;
  story.gap = gap;
  if (r.away_since != 0) {  // the way back was not seen
    story.away += gap.start + gap.length - std::max(r.away_since, gap.start);
    r.away_since = 0;
  }
  story.away = std::min(story.away, gap.length);
  ++result.gaps;
  result.gap_ticks += gap.length;
  const bool over_1us = gap.length > r.microsecond;
  if (over_1us) ++result.gaps_over_1us;
  if (story.events == 0) {
    result.silent.push_back(static_cast<std::uint32_t>(r.next));
  } else {
    ++result.explained;
    if (over_1us) ++result.explained_over_1us;
    result.explained_ticks += gap.length;
    result.away_ticks += story.away;
    result.before_ticks += story.before();
    result.traced_ticks += story.traced();
    result.after_ticks += story.after();
    if (story.causes.size() > 1) ++result.two_causes;
    const auto trigger = story.causes.empty() ? unnamed_ : story.causes.front().id;
    auto& by_trigger = tally(receiver, trigger, gap.start);
    ++by_trigger.gaps;
    by_trigger.ticks += gap.length - story.away;
    if (!by_trigger.lengths) by_trigger.lengths = std::make_unique<Histogram>();
    by_trigger.lengths->add(gap.length);
    by_trigger.longest = std::max(by_trigger.longest, gap.length);
    if (story.away != 0) tally(receiver, story.away_cause, gap.start).ticks += story.away;
  }
  if (on_gap_) on_gap_(story);
  story.events = story.first = story.last = story.away = story.more_causes = 0;
  story.away_cause = kNoCause;
  story.causes.clear();
  r.ipi_cause = kNone;
  ++r.next;
}

void Attribution::finish() {
  for (std::size_t cpu = 0; cpu < open_calls_.size(); ++cpu)
    settle_calls(static_cast<int>(cpu), nullptr);
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    auto& r = receivers_[i];
    if (r.ipi_open) settle_ipi(i);
    while (r.next < r.gaps.size()) close_gap(i);
    auto& result = results_[i];
    for (CauseId id = 0; id < result.causes.size(); ++id)
      if (id < names_.size() && names_[id].klass == "user_tlb")
        result.user_flushes += result.causes[id].callbacks;
  }
}

Result<std::vector<WalkSummary>> attribute_trace(const TraceDirectory& trace, Attribution& out) {
  auto readers = TRY(trace.open_all());
  auto summaries = merge_cpus(std::move(readers), [&](const TraceEvent& event) { out.add(event); });
  out.finish();
  return summaries;
}

}  // namespace isolab
