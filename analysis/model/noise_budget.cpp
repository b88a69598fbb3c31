// SPDX-License-Identifier: Apache-2.0
#include "analysis/model/noise_budget.h"

#include <algorithm>

namespace isolab {

std::uint64_t NoiseBudget::sum() const {
  std::uint64_t all = 0;
  for (const auto& part : parts) all += part.ticks;
  return all;
}

const BudgetPart* NoiseBudget::find(const std::string& name) const {
  const auto found =
      std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return part.name == name; });
  return found == parts.end() ? nullptr : &*found;
}

void NoiseBudget::add(const NoiseBudget& other) {
  wall += other.wall;
  for (const auto& theirs : other.parts) {
    const auto own = std::find_if(parts.begin(), parts.end(),
                                  [&](const auto& part) { return part.name == theirs.name; });
    if (own == parts.end()) {
      parts.push_back(theirs);
    } else {
      own->ticks += theirs.ticks;
      own->gaps += theirs.gaps;
    }
  }
  sort();
}

void NoiseBudget::sort() {
  std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
    const bool a_useful = a.name == "useful", b_useful = b.name == "useful";
    return a_useful != b_useful ? a_useful : a.ticks > b.ticks;
  });
}

}  // namespace isolab
