// SPDX-License-Identifier: Apache-2.0
// The rows of one arm's tables, window by window: what arm_effects() tests.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "analysis/metrics/arm_effects.h"
#include "analysis/model/windows.h"

namespace isolab {

struct EffectRowKey {
  EffectTable table = EffectTable::gaps;
  std::string row;
  int cpu = -1;
  auto operator<=>(const EffectRowKey&) const = default;
};

/// What one window added to a row. Amounts: events, us of time lost, 10 ms of cpu_time.
struct EffectPart {
  double amount = 0;
  double squares = 0;  // time lost: sum of the squared lengths, us^2
  double seconds = 0;  // CPU-seconds
};

struct EffectRows {
  std::map<EffectRowKey, std::map<int, EffectPart>> rows;             // by window
  std::map<std::pair<EffectTable, int>, std::map<int, double>> seen;  // CPU-seconds, by window
  std::string trace_problem;  // why the trace's counts are too low; empty: they are not
  bool log_full = false;      // so gaps without kernel event are not rows

  /// The row's windows; zeros where the table was looked at and the row was not in it.
  std::vector<EffectPart> parts(const EffectRowKey& key) const;
  bool has(EffectTable table) const;
};

EffectRows effect_rows(const ArmWindows& arm, const CpuSet& measured,
                       const Interruptions& interruptions);

}  // namespace isolab
