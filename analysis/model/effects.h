// SPDX-License-Identifier: Apache-2.0
// What each arm changed on the measured CPUs: every row of the report's tables against the same row
// of the idle arm.
#pragma once

#include <string>
#include <vector>

namespace isolab {

/// Where a row is printed.
enum class EffectTable {
  gaps,        // "over 10 us"; of wake-ups too, and "missed periods"
  time_lost,   // one row, "time lost"
  interrupts,  // rows of /proc/interrupts by row_name()
  softirqs,    // rows of /proc/softirqs
  tasks,       // other tasks that ran, by name, of the trace
  causes,      // everything else the trace names, and gaps without kernel event
  cpu_time,    // states of /proc/stat
};

/// As in JSON: "gaps", "time_lost", "interrupts" ...
const char* to_string(EffectTable table);

struct RowEffect {
  EffectTable table = EffectTable::gaps;
  std::string row;
  int cpu = -1;              // -1: all measured CPUs together
  double idle = 0, arm = 0;  // per CPU-second: events; us of time lost; share of cpu_time (0..1)
  double p = 1;              // two-sided, after Holm
  double clearness = 0;      // likelihood ratio statistic; larger is clearer
  double could_show = 0;     // the smallest rise, in the unit of `arm`, that would be `changed`
  bool changed = false;      // by chance in less than 5 % of arms, and by a quarter or more
  bool unsteady = false;     // changed if the repeats agreed with each other, which they do not
};

struct ArmEffect {
  std::string arm;
  std::vector<RowEffect> rows;          // of every table, the clearest change first
  std::vector<std::string> not_judged;  // tables of this arm without usable data, with the reason
};

}  // namespace isolab
