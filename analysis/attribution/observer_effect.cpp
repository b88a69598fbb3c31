// SPDX-License-Identifier: Apache-2.0
// What the trace itself costs: arms "X" and "X untraced" side by side.
#include <algorithm>
#include <cmath>
#include <map>

#include "analysis/attribution/interruptions.h"
#include "analysis/model/windows.h"
#include "analysis/statistics/counts.h"
#include "analysis/statistics/median.h"

namespace isolab {

namespace {

constexpr std::uint64_t kOneMicrosecond = 1000;
constexpr std::string_view kSuffix = " untraced";

struct Lengths {
  std::vector<double> us;  // of gaps over 1 us, sorted
  double seconds = 0;

  void add(const WindowRecord& window) {
    if (window.probe.kind != "gap" || !window_counts(window)) return;
    const auto& line = window.probe.line;
    const auto least = line.ticks(kOneMicrosecond);
    const double scale = 1e6 / line.ticks_per_second();
    for (const auto& cpu : window.probe.cpus) {
      seconds += static_cast<double>(cpu.end - cpu.start) * scale / 1e6;
      cpu.gaps.for_each([&](const Gap& gap) {
        if (gap.length > least) us.push_back(static_cast<double>(gap.length) * scale);
      });
    }
  }
};

/// Both have at least kValuesForInterval gaps.
ObserverEffect compare(const std::string& arm, const Lengths& traced, const Lengths& untraced) {
  ObserverEffect out;
  out.arm = arm;
  out.traced_gaps = traced.us.size(), out.untraced_gaps = untraced.us.size();
  out.traced_p50_us = median_of_sorted(traced.us);
  out.untraced_p50_us = median_of_sorted(untraced.us);
  // MOVER (Zou and Donner 2008), as for the rates.
  const auto a = *median_interval_of_sorted(traced.us), b = *median_interval_of_sorted(untraced.us);
  const double base = out.untraced_p50_us, difference = out.traced_p50_us - base;
  out.p50_low_percent =
      100 / base * (difference - std::hypot(out.traced_p50_us - a.lower, b.upper - base));
  out.p50_high_percent =
      100 / base * (difference + std::hypot(a.upper - out.traced_p50_us, base - b.lower));
  out.traced_per_s = static_cast<double>(traced.us.size()) / traced.seconds;
  out.untraced_per_s = static_cast<double>(untraced.us.size()) / untraced.seconds;
  const auto rates = rate_difference_interval(traced.us.size(), traced.seconds, untraced.us.size(),
                                              untraced.seconds);
  out.rate_low_percent = 100 * rates.lower / out.untraced_per_s;
  out.rate_high_percent = 100 * rates.upper / out.untraced_per_s;
  return out;
}

}  // namespace

std::vector<ObserverEffect> observer_effects(const Recording& recording) {
  std::map<std::string, Lengths> arms;
  for (const auto& window : recording.windows)
    arms[recording.plan.arms[static_cast<std::size_t>(window.arm)].name].add(window);
  for (auto& [name, lengths] : arms) std::sort(lengths.us.begin(), lengths.us.end());
  std::vector<ObserverEffect> out;
  for (const auto& arm : recording.plan.arms) {
    const auto traced = arms.find(arm.name);
    const auto untraced = arms.find(arm.name + std::string(kSuffix));
    if (traced == arms.end() || untraced == arms.end()) continue;
    if (std::min(traced->second.us.size(), untraced->second.us.size()) < kValuesForInterval)
      continue;
    out.push_back(compare(arm.name, traced->second, untraced->second));
  }
  return out;
}

}  // namespace isolab
