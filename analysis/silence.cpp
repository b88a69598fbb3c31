// SPDX-License-Identifier: Apache-2.0
#include "analysis/silence.h"

#include <algorithm>

namespace isolab {

namespace {

constexpr double kLongNs = 10'000;  // hypervisors' own work is longer, their exits shorter

constexpr std::size_t kMostParts = 512;
constexpr std::size_t kSmallestPart = 400;  // gaps

}  // namespace

void SilentRow::add(const SilentRow& window) {
  lengths = window.lengths;
  gaps += window.gaps, in_phase += window.in_phase;
  lost_us += window.lost_us, in_phase_us += window.in_phase_us;
  if (window.gaps <= most_gaps) return;
  most_gaps = window.gaps;
  periods = window.periods;
}

Silence::Silence(std::span<const std::uint32_t> silent, const ProbeCpu& probe,
                 double ticks_per_second, bool lost_events)
    : ns_per_tick_(1e9 / ticks_per_second), start_(probe.start) {
  for (const bool wants_long : {true, false}) {
    std::vector<double> times;
    for (const auto index : silent)
      if (const auto& gap = probe.gaps[index]; is_long(gap) == wants_long)
        times.push_back(static_cast<double>(gap.start - start_) * ns_per_tick_);
    if (times.empty()) continue;
    auto& parts = parts_[wants_long];
    const auto size = std::max(kSmallestPart, (times.size() + kMostParts - 1) / kMostParts);
    for (std::size_t i = 0; i < times.size() && !lost_events; i += size) {
      const auto some = std::span(times).subspan(i, std::min(size, times.size() - i));
      parts.push_back({some.front(), find_periods(some)});
    }
    auto& row = rows_.emplace_back();
    row.lengths = wants_long ? "over 10 us" : "up to 10 us";
    row.gaps = row.most_gaps = times.size();
    row.periods = clearest(parts);
    for (const auto index : silent) {
      const auto& gap = probe.gaps[index];
      if (is_long(gap) != wants_long) continue;
      const double us = static_cast<double>(gap.length) * ns_per_tick_ / 1e3;
      const bool outside = period_of(gap) != nullptr;
      row.lost_us += us;
      if (outside) ++row.in_phase, row.in_phase_us += us;
      ++(outside ? time_.outside_gaps : time_.unexplained_gaps);
      (outside ? time_.outside_ticks : time_.unexplained_ticks) += gap.length;
    }
  }
}

std::vector<Period> Silence::clearest(const std::vector<Part>& parts) {
  const auto in_phase = [](const Part& part) {
    std::uint64_t gaps = 0;
    for (const auto& period : part.periods) gaps += period.gaps;
    return gaps;
  };
  const auto most = std::max_element(parts.begin(), parts.end(), [&](const auto& a, const auto& b) {
    return in_phase(a) < in_phase(b);
  });
  return most == parts.end() ? std::vector<Period>{} : most->periods;
}

bool Silence::is_long(const Gap& gap) const {
  return static_cast<double>(gap.length) * ns_per_tick_ > kLongNs;
}

const Period* Silence::period_of(const Gap& gap) const {
  const double at = static_cast<double>(gap.start - start_) * ns_per_tick_;
  const auto& parts = parts_[is_long(gap)];
  const auto next =
      std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return part.from_ns > at; });
  if (next == parts.begin()) return nullptr;
  const auto& periods = std::prev(next)->periods;
  const auto found = std::find_if(periods.begin(), periods.end(),
                                  [&](const Period& one) { return one.in_phase(at); });
  return found == periods.end() ? nullptr : &*found;
}

std::map<int, Silence> silences_of(const WindowRecord& window, const TraceMeta& meta,
                                   const Attribution& attribution) {
  std::map<int, Silence> out;
  if (window.probe.kind != "gap") return out;
  for (const auto& one : attribution.cpus())
    for (const auto& probe : window.probe.cpus) {
      if (probe.cpu != one.cpu) continue;
      const auto loss = meta.loss.find(one.cpu);
      const bool lost_events = (loss != meta.loss.end() && loss->second.total() != 0) ||
                               meta.cut.contains(one.cpu);
      out.try_emplace(one.cpu, one.silent, probe, window.probe.line.ticks_per_second(),
                      lost_events);
    }
  return out;
}

}  // namespace isolab
