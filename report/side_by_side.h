// SPDX-License-Identifier: Apache-2.0
// The same profile on several machines, in one table: interrupts that other CPUs sent to the
// measured CPUs, by class and operation. Counts only, so that emulated machines may be in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/model/findings.h"
#include "report/text/format.h"
#include "results/json.h"

namespace isolab {

/// One arm and class on one machine.
struct SideCell {
  std::string not_applicable;  // why there is no count; empty: there is one
  std::uint64_t count = 0;  // functions run for other CPUs and IPIs without one, all CPUs together
  std::uint64_t cpus = 0;   // that were traced
  double exposure_s = 0;    // CPU-seconds
  std::uint64_t idle_count = 0;  // the same class in the idle arm
  double idle_exposure_s = 0;
  std::uint64_t operations = 0;  // of the arm's workload; 0: it counts none, or there are two
};

struct SideRow {
  std::string arm;
  std::string klass;  // of analysis/attribution/classes.csv; empty: nothing came, on any machine
  std::vector<SideCell> cells;  // one a machine
};

struct SideBySide {
  std::vector<const Findings*> machines;
  std::vector<SideRow> rows;  // arms as in the profile, classes by name
};

/// The arms of the first one; `all` must outlive the table.
SideBySide side_by_side(const std::vector<Findings>& all);

/// What a cell has more than the idle arm, per CPU and operation; none where the 95 % interval of
/// the difference reaches zero, nothing came at all or no operations are known.
std::optional<double> per_operation(const SideCell& cell);

/// Mean of the CPUs and per operation; a zero with its one-sided 95 % bound. 100 columns where the
/// architectures' names are short.
std::string render_side_by_side(const SideBySide& table);

/// "kind": "side_by_side", schema 1: machines, rows, cells as above with per_cpu, per_operation and
/// for zeros upper95_per_cpu.
Json side_by_side_json(const SideBySide& table);

}  // namespace isolab
