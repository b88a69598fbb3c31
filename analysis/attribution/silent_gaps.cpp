// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/silent_gaps.h"

#include <algorithm>

namespace isolab {

namespace {

constexpr double kLongNs = 10'000;  // hypervisors' own work is longer, their exits shorter

constexpr std::size_t kMostParts = 512;
constexpr std::size_t kSmallestPart = 400;  // gaps

}  // namespace

SilentGaps::SilentGaps(const GapSet& silent, const ProbeCpu& probe, double ticks_per_second,
                       bool lost_events)
    : ns_per_tick_(1e9 / ticks_per_second), start_(probe.start) {
  // Three passes over the log, since a day's silent gaps are more than memory should hold.
  const auto pass = [&](auto&& use) {
    std::size_t kept = 0;
    for (const auto index : silent) {
      use(probe.gaps[index]);
      if (index < kept + GapList::kBlock) continue;
      probe.gaps.release_below(index);
      kept = index;
    }
  };
  std::array<std::size_t, 2> count{};
  pass([&](const Gap& gap) { ++count[is_long(gap)]; });
  if (!lost_events) {
    std::array<std::vector<double>, 2> times;
    const auto test = [&](bool of_long) {
      auto& some = times[of_long];
      if (!some.empty()) parts_[of_long].push_back({some.front(), find_periods(some)});
      some.clear();
    };
    pass([&](const Gap& gap) {
      const bool of_long = is_long(gap);
      times[of_long].push_back(time_of(gap));
      const auto size = std::max(kSmallestPart, (count[of_long] + kMostParts - 1) / kMostParts);
      if (times[of_long].size() == size) test(of_long);
    });
    test(false), test(true);
  }
  std::array<SilentRow, 2> rows;
  pass([&](const Gap& gap) { add(gap, rows[is_long(gap)]); });
  for (const bool of_long : {true, false}) {
    if (count[of_long] == 0) continue;
    auto& row = rows[of_long];
    row.lengths = of_long ? "over 10 us" : "up to 10 us";
    row.most_gaps = row.gaps;
    row.periods = clearest(parts_[of_long]);
    rows_.push_back(std::move(row));
  }
}

void SilentGaps::add(const Gap& gap, SilentRow& row) {
  const double us = static_cast<double>(gap.length) * ns_per_tick_ / 1e3;
  const bool outside = period_of(gap) != nullptr;
  ++row.gaps, row.lost_us += us;
  if (outside) ++row.in_phase, row.in_phase_us += us;
  ++(outside ? time_.outside_gaps : time_.unexplained_gaps);
  (outside ? time_.outside_ticks : time_.unexplained_ticks) += gap.length;
}

double SilentGaps::time_of(const Gap& gap) const {
  return static_cast<double>(gap.start - start_) * ns_per_tick_;
}

std::vector<Period> SilentGaps::clearest(const std::vector<Part>& parts) {
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

bool SilentGaps::is_long(const Gap& gap) const {
  return static_cast<double>(gap.length) * ns_per_tick_ > kLongNs;
}

const Period* SilentGaps::period_of(const Gap& gap) const {
  const double at = time_of(gap);
  const auto& parts = parts_[is_long(gap)];
  const auto next =
      std::upper_bound(parts.begin(), parts.end(), at,
                       [](double time, const Part& part) { return time < part.from_ns; });
  if (next == parts.begin()) return nullptr;
  const auto& periods = std::prev(next)->periods;
  const auto found = std::find_if(periods.begin(), periods.end(),
                                  [&](const Period& period) { return period.in_phase(at); });
  return found == periods.end() ? nullptr : &*found;
}

std::map<int, SilentGaps> silent_gaps_of(const WindowRecord& window, const TraceMeta& meta,
                                         const Attribution& attribution) {
  std::map<int, SilentGaps> out;
  if (window.probe.kind != "gap") return out;
  for (const auto& counts : attribution.cpus())
    for (const auto& probe : window.probe.cpus) {
      if (probe.cpu != counts.cpu) continue;
      const auto loss = meta.loss.find(counts.cpu);
      const bool lost_events =
          (loss != meta.loss.end() && loss->second.total() != 0) || meta.cut.contains(counts.cpu);
      out.try_emplace(counts.cpu, counts.silent, probe, window.probe.line.ticks_per_second(),
                      lost_events);
    }
  return out;
}

}  // namespace isolab
