// SPDX-License-Identifier: Apache-2.0
#include "base/counters.h"

#include <algorithm>
#include <limits>

namespace isolab {
namespace {

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint32_t>::max();

bool all_zero(const std::map<int, std::uint64_t>& counts) {
  return std::all_of(counts.begin(), counts.end(), [](const auto& one) { return one.second == 0; });
}

/// join_counters() gives a row that is in one table only zeroes for the other reading.
bool went_away(const CounterRow& row) { return all_zero(row.after) && !all_zero(row.before); }

}  // namespace

CounterStep counter_step(const CounterRow& row, int cpu) {
  const auto before = row.before.find(cpu);
  const auto after = row.after.find(cpu);
  if (before == row.before.end() || after == row.after.end() || went_away(row))
    return CounterStep::absent;
  if (after->second >= before->second) return CounterStep::grew;
  if (before->second > kLargest) return CounterStep::restarted;
  const bool can_restart = row.kind.empty() || row.kind == "device";
  const std::uint64_t wrapped = (after->second - before->second) & kLargest;
  return can_restart && wrapped > kLargest / 2 ? CounterStep::restarted : CounterStep::wrapped;
}

Footprint footprint_gain(const Footprint& before, const Footprint& after) {
  Footprint out;
  out.cpu = after.cpu;
  for (const auto count : {&Footprint::voluntary_switches, &Footprint::involuntary_switches,
                           &Footprint::minor_faults, &Footprint::major_faults})
    out.*count = counter_gain(before.*count, after.*count).value_or(0);
  return out;
}

std::uint64_t CounterRow::gained(int cpu) const {
  switch (counter_step(*this, cpu)) {
    case CounterStep::grew: return after.at(cpu) - before.at(cpu);
    case CounterStep::wrapped: return (after.at(cpu) - before.at(cpu)) & kLargest;
    case CounterStep::restarted: return after.at(cpu);
    case CounterStep::absent: return 0;
  }
  return 0;
}

}  // namespace isolab
