// SPDX-License-Identifier: Apache-2.0
// Set-up, dispatch and the gaps; the two sides of an IPI are in attribution_send.cpp and
// attribution_receive.cpp.
#include "analysis/attribution/attribution.h"

#include <algorithm>

namespace isolab {

namespace {

constexpr std::size_t kCommLength = 15;  // TASK_COMM_LEN without the NUL
constexpr std::size_t kMostHeld = 4096;  // gaps that wait for the usual delivery time
constexpr std::uint64_t kLeastLateUs = 5;

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
      end_(meta.end != 0 ? meta.end : ~std::uint64_t{0}) {
  const auto edge = edge_of(meta);
  reads_ = {begin_ - std::min(begin_, edge), begin_ + edge, end_ - std::min(end_, edge),
            end_ + std::min(edge, ~std::uint64_t{0} - end_)};
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
    receiver.list = cpus[i].list;
    receiver.start = cpus[i].start, receiver.end = cpus[i].end;
    receiver.microsecond = cpus[i].microsecond;
    receiver.timeline = GapTimeline(table_.has_ends);
    receiver.probe = cpus[i].probe.substr(0, kCommLength);
    const auto is_there = [&](const auto& task) { return task.second == receiver.probe; };
    if (std::none_of(trace.comms.begin(), trace.comms.end(), is_there)) receiver.probe.clear();
    receiver.story.cpu = cpus[i].cpu;
    results_[i].cpu = cpus[i].cpu;
  }
  tick_ = names_.fixed(CauseKind::tick, "local timer");
  irq_work_ = names_.fixed(CauseKind::irq_work, "irq_work");
  fault_ = names_.fixed(CauseKind::page_fault, "page fault");
  mce_ = names_.fixed(CauseKind::machine_check, "machine check");
  silent_ = names_.fixed(CauseKind::silent_ipi, "IPI without a function");
  idle_ = names_.fixed(CauseKind::probe_stopped, "CPU idle, probe not runnable");
  late_before_ = names_.fixed(CauseKind::late_delivery, "before an interrupt");
  late_between_ = names_.fixed(CauseKind::late_delivery, "between two interrupts");
  late_after_ = names_.fixed(CauseKind::late_delivery, "after the last event");
  unnamed_ = names_.fixed(CauseKind::vector, "kernel activity without an entry event");
}

void Attribution::add(const TraceEvent& event) {
  ++events_;
  const auto role = table_.role(event.id());
  const auto cpu = static_cast<std::size_t>(event.cpu);
  if (cpu >= open_calls_.size() || role == EventRole::none) return;
  if (open_calls_[cpu].any()) {
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
    case EventRole::woken: woken(event); break;
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
  auto& story = r.story;
  if (r.ipi_open) settle_ipi(receiver);
  if (r.timer_open) settle_timer(receiver, tick_, nullptr);
  story.index = r.next;
  story.gap = r.gaps[r.next];
  const auto end = story.gap.start + story.gap.length;
  if (story.events != 0) {
    const bool returned = !r.timeline.in_context() && r.timeline.innermost() == kNoCause;
    story.slices = r.timeline.close(end);
    if (!r.settled && !story.slices.empty()) {
      if (returned && story.slices.back().id == kNoCause && story.slices.size() > 1)
        r.usual.add_after(story.slices.back().length);
      const auto& first = story.slices.front();
      const bool interrupt = story.slices.size() > 1 && story.slices[1].interrupt;
      if (first.id == kNoCause && interrupt && sent_before(story) <= story.gap.start)
        r.usual.add_before(first.length);
    }
  }
  if (r.settled) {
    book(receiver, story);
  } else {
    r.held.push_back(story);
    if (r.usual.is_enough() || r.held.size() >= kMostHeld) settle_usual(receiver);
  }
  story.events = story.first = story.last = story.more_causes = 0;
  story.causes.clear();
  story.slices.clear();
  story.trigger = story.main = kNoCause;
  story.away = story.late = 0;
  r.running = r.stopped = kNoCause;
  r.ipi_cause = r.timer_cause = kNone;
  r.ipi_at.in_gap = r.timer_in_gap = false;
  ++r.next;
  if (r.list != nullptr && r.next % GapList::kBlock == 0) r.list->release_below(r.next);
}

/// When the IPI was sent that opened the gap's first interrupt, in ticks; 0: not known.
std::uint64_t Attribution::sent_before(const GapStory& story) const {
  if (story.causes.empty()) return 0;
  const auto& cause = story.causes.front();
  if (!cause.sender.known() || !names_[cause.id].by_ipi) return 0;
  return clock_.ticks(cause.sender.sent);
}

void Attribution::settle_usual(std::size_t receiver) {
  auto& r = receivers_[receiver];
  r.usual.settle();
  r.settled = true;
  for (auto& story : r.held) book(receiver, story);
  r.held = {};
}

/// The time of the slices on their causes, and the gap on its first.
void Attribution::book_times(std::size_t receiver, GapStory& story) {
  auto& r = receivers_[receiver];
  const DeliveryRules rules{
      &r.usual, kLeastLateUs * r.microsecond, late_before_, late_between_, late_after_, unnamed_};
  book_slices(story.slices, sent_before(story), rules, booked_);
  story.slices.swap(booked_);
  shares_.clear();
  for (const auto& slice : story.slices) {
    const auto same = std::find_if(shares_.begin(), shares_.end(),
                                   [&](const auto& one) { return one.first == slice.id; });
    if (same == shares_.end())
      shares_.emplace_back(slice.id, slice.length);
    else
      same->second += slice.length;
  }
  story.away = story.late = 0;
  std::uint64_t most = 0;
  for (const auto& [id, ticks] : shares_) {
    auto& one = tally(receiver, id, story.gap.start);
    one.ticks += ticks;
    ++one.parts;
    if (!one.lengths) one.lengths = std::make_unique<Histogram>();
    one.lengths->add(ticks);
    one.longest = std::max(one.longest, ticks);
    if (names_[id].kind == CauseKind::other_task) story.away += ticks;
    if (names_[id].kind == CauseKind::late_delivery) story.late += ticks;
    if (ticks > most) most = ticks, story.main = id;
  }
  story.trigger = story.slices.empty() ? unnamed_ : story.slices.front().id;
  ++tally(receiver, story.trigger, story.gap.start).gaps;
}

void Attribution::book(std::size_t receiver, GapStory& story) {
  auto& r = receivers_[receiver];
  auto& result = results_[receiver];
  const auto length = story.gap.length;
  ++result.gaps;
  result.gap_ticks += length;
  const bool over_1us = length > r.microsecond;
  if (over_1us) ++result.gaps_over_1us;
  if (story.events == 0) {
    result.silent.push_back(story.index);
  } else {
    book_times(receiver, story);
    if (names_[story.trigger].kind != CauseKind::late_delivery) {
      ++result.explained;
      if (over_1us) ++result.explained_over_1us;
    }
    if (story.late != 0)
      result.late.push_back({static_cast<std::uint32_t>(story.index), story.late,
                             names_[story.trigger].kind == CauseKind::late_delivery});
    result.explained_ticks += length - story.late;
    result.late_ticks += story.late;
    result.away_ticks += story.away;
    result.before_ticks += story.before();
    result.traced_ticks += story.traced();
    result.after_ticks += story.after();
    if (story.causes.size() > 1) ++result.two_causes;
  }
  if (on_gap_) on_gap_(story);
}

void Attribution::finish() {
  for (std::size_t cpu = 0; cpu < open_calls_.size(); ++cpu)
    settle_calls(static_cast<int>(cpu), nullptr);
  for (std::size_t i = 0; i < receivers_.size(); ++i) {
    auto& r = receivers_[i];
    if (r.ipi_open) settle_ipi(i);
    if (r.timer_open) settle_timer(i, tick_, nullptr);
    while (r.next < r.gaps.size()) close_gap(i);
    if (!r.settled) settle_usual(i);
  }
}

Result<std::vector<WalkSummary>> attribute_trace(const TraceDirectory& trace, Attribution& out) {
  auto readers = TRY(trace.open_all());
  auto summaries = merge_cpus(std::move(readers), [&](const TraceEvent& event) { out.add(event); });
  out.finish();
  return summaries;
}

}  // namespace isolab
