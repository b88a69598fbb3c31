// SPDX-License-Identifier: Apache-2.0
// Do gaps in which the kernel saw nothing come at a fixed period? If so something below the kernel
// has a timer: a hypervisor's tick, a firmware's SMI. Pure arithmetic on times.
//
// Method: candidate periods are the usual timer rates and the clusters of the distances between
// neighbouring gaps. Each is refined over longer and longer spans (a straight line through the
// gaps' numbers), then the times are folded by it. A bin counts a round of the period once, so that
// a burst within one round is not evidence, and a period must last as long as the record. The
// verdict is the share of the fullest bin and the chance that gaps at random would fill it so
// (binomial, Hoeffding's bound, times all bins and candidates tried). Several timers may be at
// work: what is in phase with the first period found is taken out and the rest is tested again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace isolab {

struct Period {
  static constexpr int kBins = 50;  // of the phase; neighbouring two count as one
  double period_ns = 0;
  double phase_ns = 0;      // middle of the fullest bin, from the first time's epoch
  double share = 0;         // of that bin, each gap counted once a round and bin
  double log10_chance = 0;  // that as many would be there at random; <= 0
  std::uint64_t gaps = 0;   // in phase

  /// Is this time inside the fullest bin?
  bool in_phase(double time_ns) const;
};

/// `times_ns`: when the gaps began, in any order (a counter may have stepped back). Found: at least
/// 12 gaps, 30 % of them in one bin, by chance less often than once in a million. The strongest
/// first, at most six; a gap belongs to the first it is in phase with.
std::vector<Period> find_periods(std::span<const double> times_ns);

}  // namespace isolab
