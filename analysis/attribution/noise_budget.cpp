// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/noise_budget.h"

#include <algorithm>
#include <map>

namespace isolab {

namespace {

/// Time in gaps that the full log could not hold: at least this much by the histogram, whose
/// buckets give a lower bound.
std::uint64_t not_logged(const ProbeCpu& probe, std::uint64_t logged) {
  if (probe.gaps_dropped == 0) return 0;
  std::uint64_t all = 0;
  for (auto bucket = Histogram::bucket_of(probe.threshold) + 1; bucket < Histogram::kBuckets;
       ++bucket)
    all += probe.histogram.count_at(bucket) * Histogram::lowest(bucket);
  return all > logged ? all - logged : 0;
}

}  // namespace

NoiseBudget make_noise_budget(const CpuAttribution& cpu, const CauseNames& names,
                              const ProbeCpu& probe, const SilentTime& silent,
                              const LateTime& late) {
  NoiseBudget out;
  out.wall = probe.end - probe.start;
  std::map<std::string, BudgetPart> classes;
  for (CauseId id = 0; id < cpu.causes.size() && id < names.size(); ++id) {
    const auto& cause = cpu.causes[id];
    if (cause.ticks == 0 && cause.gaps == 0) continue;
    auto& part = classes[names[id].klass];
    part.name = names[id].klass;
    part.ticks += cause.ticks;
    part.gaps += cause.gaps;
  }
  if (const auto found = classes.find("late_delivery"); found != classes.end()) {
    found->second.ticks -= std::min(found->second.ticks, late.outside());
    found->second.gaps -= std::min(found->second.gaps, late.phase_gaps);
  }
  const std::uint64_t unlogged =
      std::min(not_logged(probe, cpu.gap_ticks), out.wall - std::min(out.wall, cpu.gap_ticks));
  // A probe whose gaps are longer than its life is broken: wall() != sum() shows it.
  const std::uint64_t lost = cpu.gap_ticks + unlogged;
  out.parts.push_back({"useful", out.wall > lost ? out.wall - lost : 0, 0});
  for (auto& [name, part] : classes) out.parts.push_back(std::move(part));
  out.parts.push_back({"outside_kernel", silent.outside_ticks + late.outside(),
                       silent.outside_gaps + late.phase_gaps});
  out.parts.push_back({"unexplained", silent.unexplained_ticks, silent.unexplained_gaps});
  if (probe.gaps_dropped != 0) out.parts.push_back({"not_logged", unlogged, probe.gaps_dropped});
  out.sort();
  return out;
}

}  // namespace isolab
