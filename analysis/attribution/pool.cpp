// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>

#include "analysis/attribution/interruptions.h"
#include "analysis/attribution/late_delivery.h"
#include "analysis/attribution/noise_budget.h"
#include "analysis/attribution/sender_row.h"
#include "analysis/attribution/silent_gaps.h"
#include "analysis/model/probe_data.h"
#include "analysis/statistics/counts.h"
#include "base/counters.h"
#include "base/warnings.h"

namespace isolab {

namespace {

constexpr std::size_t kMostSenders = 5;
constexpr std::size_t kMostWoken = 3;

double microseconds(const TickLine& line, std::uint64_t ticks) {
  return static_cast<double>(ticks) / line.ticks_per_second() * 1e6;
}

const ProbeCpu* probe_of(const WindowRecord& window, int cpu) {
  if (window.probe.kind != "gap") return nullptr;
  for (const auto& probe : window.probe.cpus)
    if (probe.cpu == cpu) return &probe;
  return nullptr;
}

/// The line that turns ticks into time; windows without a probe have the trace's own.
const TickLine& line_of(const WindowRecord& window, const TraceMeta& meta) {
  return window.probe.line.ns1 > window.probe.line.ns0 ? window.probe.line : meta.line;
}

/// Sum of a kind of rows on one CPU; the first row's id is its name. Nothing where a reading does
/// not have the CPU, which was offline then: what it gained is not known.
std::optional<std::pair<std::string, std::uint64_t>> counted(const WindowRecord& window, int cpu,
                                                             const std::string& kind) {
  std::optional<std::pair<std::string, std::uint64_t>> out;
  for (const auto& row : window.interrupts) {
    if (row.kind != kind) continue;
    if (counter_step(row, cpu) == CounterStep::absent) return std::nullopt;
    if (!out) out.emplace(row.id, 0);
    out->second += row.gained(cpu);
  }
  return out;
}

void add_check(std::vector<CrossCheck>& checks, const std::string& what, const std::string& kind,
               std::uint64_t RowCounts::*count, const CpuAttribution& counts,
               const WindowRecord& window) {
  const auto row = counted(window, counts.cpu, kind);
  if (!row) return;
  auto found = std::find_if(checks.begin(), checks.end(),
                            [&](const auto& check) { return check.what == what; });
  if (found == checks.end()) found = checks.insert(checks.end(), {what, row->first});
  // What arrived while the counters were read is in their difference or not; and one for an event
  // whose counter and trace are not of one instant.
  const auto least = counts.checked.*count, most = least + counts.near_edges.*count;
  found->traced += counts.counted.*count;
  found->counted += row->second;
  found->slack += 1 + most - least;
  found->windows_apart += row->second + 1 < least || row->second > most + 1;
}

/// The least of all windows.
void add_event_cost(CpuInterruptions& cpu, const TraceMeta& meta) {
  const auto note = meta.other.find("event_cost_ns");
  if (note == meta.other.end()) return;
  const auto cost = static_cast<double>(std::strtoul(note->second.c_str(), nullptr, 10));
  if (cpu.event_cost_ns == 0 || cost < cpu.event_cost_ns) cpu.event_cost_ns = cost;
}

void add_smis(CpuInterruptions& cpu, const WindowRecord& window) {
  const auto note = window.notes.find(kSmiNote + std::to_string(cpu.cpu));
  if (note == window.notes.end()) return;
  std::uint64_t count = 0;
  const auto& text = note->second;
  const auto end = text.data() + text.size();
  if (std::from_chars(text.data(), end, count).ptr == end)
    cpu.smis = cpu.smis.value_or(0) + count;
  else
    cpu.smis_unknown = text;
}

std::vector<WokenRow> woken_rows(const std::map<std::string, std::uint64_t>& counts) {
  std::vector<WokenRow> rows;
  for (const auto& [comm, count] : counts) rows.push_back({comm, count});
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  if (rows.size() > kMostWoken) rows.resize(kMostWoken);
  return rows;
}

/// From the note of ipi_trace, one process a line.
void add_perf_holders(CpuInterruptions& cpu, const TraceMeta& meta) {
  const auto note = meta.other.find("perf_events");
  if (note == meta.other.end()) return;
  std::istringstream lines(note->second);
  for (std::string line; std::getline(lines, line);)
    if (std::find(cpu.perf_holders.begin(), cpu.perf_holders.end(), line) == cpu.perf_holders.end())
      cpu.perf_holders.push_back(line);
}

SilentRow& silent_row(std::vector<SilentRow>& rows, const std::string& lengths) {
  for (auto& row : rows)
    if (row.lengths == lengths) return row;
  return rows.emplace_back();
}

}  // namespace

WindowTracks::WindowTracks(const WindowRecord& window, Attribution& attribution)
    : repeat_(window.repeat) {
  for (const auto& probe : window.probe.cpus) {
    auto& track = tracks_[probe.cpu];
    track.start = probe.start, track.end = probe.end;
  }
  attribution.on_gap([this](const GapStory& story) {
    const auto found = tracks_.find(story.cpu);
    if (found == tracks_.end()) return;
    auto& track = found->second;
    if (story.gap.start < track.start || track.end <= track.start) return;
    const auto slice =
        static_cast<std::size_t>(static_cast<unsigned __int128>(story.gap.start - track.start) *
                                 kSlices / (track.end - track.start));
    if (slice >= kSlices || story.gap.length <= track.slices[slice].gap.length) return;
    track.slices[slice].gap = story.gap;
    track.slices[slice].main = story.main;
  });
}

ClassTrack WindowTracks::take(int cpu, const TickLine& line, const CauseNames& names,
                              const SilentGaps& silent_gaps) const {
  ClassTrack out;
  out.repeat = repeat_;
  const auto found = tracks_.find(cpu);
  if (found == tracks_.end()) return out;
  const auto& track = found->second;
  out.seconds = microseconds(line, track.end - track.start) / 1e6;
  for (const auto& longest : track.slices) {
    if (longest.gap.length == 0) continue;
    out.gaps.push_back(
        {microseconds(line, longest.gap.start - track.start) / 1e6,
         microseconds(line, longest.gap.length),
         longest.main == kNoCause ? silent_gaps.class_of(longest.gap) : names[longest.main].klass});
  }
  return out;
}

void InterruptionPool::add_causes(Pooled& pooled, const CpuAttribution& counts,
                                  const WindowRecord& window, const TraceMeta& meta,
                                  const Attribution& attribution) {
  const auto& names = attribution.names();
  const auto begin = attribution.ticks(meta.begin);
  const auto since = [&](std::uint64_t ticks) {
    return (ticks >= begin ? 1 : -1) *
           microseconds(pooled.line, ticks >= begin ? ticks - begin : begin - ticks) / 1e6;
  };
  for (CauseId id = 0; id < counts.causes.size() && id < names.size(); ++id) {
    const auto& tally = counts.causes[id];
    if (tally.sends + tally.ipis + tally.callbacks + tally.gaps + tally.parts == 0) continue;
    const auto& name = names[id];
    auto& cause = pooled.causes[fmt::format("{}\n{}\n{}\n{}", static_cast<int>(name.kind),
                                            name.klass, name.subclass, name.what)];
    if (!cause) {
      cause = std::make_unique<PooledCause>();
      cause->row.name = name;
      cause->row.first_s = since(tally.first);
      cause->row.first_repeat = window.repeat;
    }
    auto& row = cause->row;
    row.sends += tally.sends, row.ipis += tally.ipis, row.callbacks += tally.callbacks;
    row.joined += tally.joined, row.gaps += tally.gaps, row.parts += tally.parts;
    row.lost_us += microseconds(pooled.line, tally.ticks);
    row.last_s = since(tally.last);
    row.last_repeat = window.repeat;
    if (tally.lengths) {
      cause->lengths.merge(*tally.lengths);
      cause->longest = std::max(cause->longest, tally.longest);
    }
    if (tally.prio_least <= tally.prio_most) {
      row.prio_least = std::min<int>(row.prio_least.value_or(tally.prio_least), tally.prio_least);
      row.prio_most = std::max<int>(row.prio_most.value_or(tally.prio_most), tally.prio_most);
    }
    for (const auto& [comm, count] : tally.woken)
      cause->woken[attribution.comms().name(comm)] += count;
    for (const auto& [key, sender] : tally.senders) add_sender(*cause, sender, attribution);
  }
}

void InterruptionPool::add_sender(PooledCause& cause, const SenderTally& sender,
                                  const Attribution& attribution) {
  auto who = sender_row(sender.example, attribution);
  std::string words = fmt::format("{} {}", who.comm, static_cast<int>(who.context));
  for (const auto& frame : informative(who.frames, 6)) words += "\n" + frame;
  for (const auto& origin : who.origins)
    words += fmt::format("\n {} {}", origin.function, origin.comm);
  auto& place =
      cause.senders.try_emplace(words, PooledSender{std::move(who), {}, {}}).first->second;
  place.row.count += sender.count;
  place.pids.insert(sender.pids.begin(), sender.pids.end());
  for (const auto& [comm, count] : sender.woken)
    place.woken[attribution.comms().name(comm)] += count;
}

void InterruptionPool::add(const WindowRecord& window, const std::string& arm,
                           const TraceMeta& meta, const Attribution& attribution,
                           const WindowTracks& tracks,
                           const std::map<int, SilentGaps>& silent_gaps) {
  for (const auto& counts : attribution.cpus()) {
    auto& pooled = by_arm_and_cpu_[{window.arm, counts.cpu}];
    auto& cpu = pooled.cpu;
    cpu.arm = arm;
    cpu.cpu = counts.cpu;
    pooled.line = line_of(window, meta);
    cpu.ticks_per_second = pooled.line.ticks_per_second();
    ++cpu.windows;
    cpu.exposure_s +=
        microseconds(pooled.line, attribution.ticks(meta.end) - attribution.ticks(meta.begin)) /
        1e6;
    cpu.calls_queued += counts.calls_queued, cpu.ipis_sent += counts.ipis_sent;
    cpu.function_ipis += counts.counted.function_ipis;
    cpu.reschedule_ipis += counts.counted.reschedule_ipis;
    cpu.probe_wakeups += counts.probe_wakeups;
    add_perf_holders(cpu, meta);
    add_event_cost(cpu, meta);
    cpu.callbacks += counts.callbacks, cpu.callbacks_joined += counts.callbacks_joined;
    cpu.reschedules_joined += counts.reschedules_joined, cpu.local_calls += counts.local_calls;
    cpu.events += counts.events, cpu.events_outside += counts.events_outside;
    add_causes(pooled, counts, window, meta, attribution);
    add_smis(cpu, window);
    add_check(cpu.checks, "function-call IPIs", "function_call", &RowCounts::function_ipis, counts,
              window);
    add_check(cpu.checks, "reschedule IPIs", "reschedule", &RowCounts::reschedule_ipis, counts,
              window);
    add_check(cpu.checks, "timer interrupts", "timer", &RowCounts::timer, counts, window);
    add_check(cpu.checks, "irq_work interrupts", "irq_work", &RowCounts::irq_works, counts, window);
    add_check(cpu.checks, "user TLB flushes", "tlb", &RowCounts::user_flushes, counts, window);
    const auto* probe = probe_of(window, counts.cpu);
    if (probe == nullptr) continue;
    cpu.heard = true;
    cpu.gaps += counts.gaps, cpu.explained += counts.explained;
    cpu.gaps_over_1us += counts.gaps_over_1us, cpu.explained_over_1us += counts.explained_over_1us;
    cpu.two_causes += counts.two_causes;
    cpu.lost_us += microseconds(pooled.line, counts.gap_ticks);
    cpu.explained_us += microseconds(pooled.line, counts.explained_ticks);
    cpu.before_us += microseconds(pooled.line, counts.before_ticks);
    cpu.traced_us += microseconds(pooled.line, counts.traced_ticks);
    cpu.after_us += microseconds(pooled.line, counts.after_ticks);
    cpu.gaps_dropped += probe->gaps_dropped;
    cpu.logged_s += microseconds(pooled.line, logged_until(*probe) - probe->start) / 1e6;
    const auto& silent = silent_gaps.at(counts.cpu);
    for (const auto& row : silent.rows()) silent_row(cpu.silent, row.lengths).add(row);
    const auto late = judge_late(counts, *probe, silent, window);
    cpu.late.gaps += late.gaps;
    cpu.late.us += microseconds(pooled.line, late.ticks);
    cpu.late.in_phase_us += microseconds(pooled.line, late.in_phase);
    cpu.late.stolen_us += microseconds(pooled.line, late.stolen);
    cpu.budget.add(make_noise_budget(counts, attribution.names(), *probe, silent.time(), late));
    cpu.tracks.push_back(tracks.take(counts.cpu, pooled.line, attribution.names(), silent));
  }
}

void InterruptionPool::finish_senders(PooledCause& cause) {
  auto& rows = cause.row.senders;
  for (auto& [words, sender] : cause.senders) {
    sender.row.processes = sender.pids.size();
    sender.row.woken = woken_rows(sender.woken);
    rows.push_back(std::move(sender.row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.count > b.count; });
  if (rows.size() > kMostSenders) rows.resize(kMostSenders);
}

void InterruptionPool::finish(Pooled& pooled) const {
  auto& cpu = pooled.cpu;
  for (auto& entry : pooled.causes) {  // clang 14 captures no structured bindings
    auto& cause = entry.second;
    auto& row = cause->row;
    finish_senders(*cause);
    row.woken = woken_rows(cause->woken);
    const auto quantile = [&](double share) -> std::optional<double> {
      if (!carries_quantile(row.parts, share)) return std::nullopt;
      return microseconds(pooled.line, std::min(cause->lengths.quantile(share), cause->longest));
    };
    row.p50_us = quantile(0.5), row.p99_us = quantile(0.99);
    row.max_us = microseconds(pooled.line, cause->longest);
    if (row.name.deferrable == "yes") {
      cpu.deferrable.interruptions += row.gaps;
      cpu.deferrable.lost_us += row.lost_us;
    }
    cpu.deferrable.all_interruptions += row.gaps;
    cpu.causes.push_back(std::move(row));
  }
  cpu.deferrable.all_lost_us = cpu.lost_us;
  std::stable_sort(cpu.causes.begin(), cpu.causes.end(), [&](const auto& a, const auto& b) {
    // Without a probe, and where an emulator's times are withheld, no cause has a time.
    return cpu.heard && a.lost_us != b.lost_us ? a.lost_us > b.lost_us : a.times() > b.times();
  });
}

std::vector<CpuInterruptions> InterruptionPool::take(std::vector<Warning>& warnings) {
  std::vector<CpuInterruptions> out;
  for (auto& [key, pooled] : by_arm_and_cpu_) {
    finish(pooled);
    auto& cpu = pooled.cpu;
    for (const auto& check : cpu.checks)
      if (!check.agrees())
        warnings.push_back(make_warning(
            WarningId::trace_counters_disagree,
            fmt::format("{}, CPU {}: {} {} in the trace, {} by {} in /proc/interrupts", cpu.arm,
                        cpu.cpu, check.traced, check.what, check.counted, check.row)));
    if (cpu.heard && cpu.budget.sum() != cpu.budget.wall)
      warnings.push_back(make_warning(
          WarningId::budget_unbalanced,
          fmt::format(
              "{}, CPU {}: the parts of the noise budget sum to {} ticks, the wall time is {}",
              cpu.arm, cpu.cpu, cpu.budget.sum(), cpu.budget.wall)));
    out.push_back(std::move(cpu));
  }
  by_arm_and_cpu_.clear();
  return out;
}

}  // namespace isolab
