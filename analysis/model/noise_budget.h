// SPDX-License-Identifier: Apache-2.0
// Where a CPU's time went: wall time = useful time + time of each class + outside the kernel +
// unexplained + what the gap log had no room for. In counter ticks, so that it sums exactly.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace isolab {

struct BudgetPart {
  std::string name;  // "useful", a class, "outside_kernel", "unexplained", "not_logged"
  std::uint64_t ticks = 0;
  std::uint64_t gaps = 0;  // whose trigger it was
  bool operator==(const BudgetPart&) const = default;
};

struct NoiseBudget {
  std::uint64_t wall = 0;         // ticks
  std::vector<BudgetPart> parts;  // useful first, then by time
  std::uint64_t sum() const;
  const BudgetPart* find(const std::string& name) const;
  /// Adds another window's part by part; stays exact where both counters have the same rate.
  void add(const NoiseBudget& other);
  /// The order of `parts`.
  void sort();
};

}  // namespace isolab
