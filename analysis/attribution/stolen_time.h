// SPDX-License-Identifier: Apache-2.0
// The lost time of a recording by cause, sender and the sender's stack: what a flame graph of
// interference shows. Every tick of every logged gap is in exactly one row, so the rows of an arm
// and CPU sum to the length of its gaps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/attribution/classes.h"
#include "results/recording.h"

namespace isolab {

struct StolenStack {
  std::string arm;
  int cpu = 0;        // the measured CPU that lost the time
  std::string klass;  // as in the noise budget: "kernel_tlb", "outside_kernel", "unexplained" ...
  std::string cause;  // "do_kernel_range_flush"; empty: no kernel event
  std::string
      sender;       // who sent, queued, armed or raised it; empty: it has no sender, or not known
  std::string how;  // "sent", "queued", "armed" or "raised"
  std::vector<std::string> frames;  // the sender's, outermost first, as informative() has them
  std::uint64_t ns = 0;
  std::uint64_t gaps = 0;  // in which it has time
};

struct StolenTime {
  std::vector<StolenStack> stacks;   // by the plan's arms, then CPU, then the most time first
  std::vector<std::string> remarks;  // whole sentences: what the rows do not cover, and why
};

/// A slice of a gap counts for the last cause of its kind that began before the slice ended.
/// `window`: its number; none: all windows that count. unsupported: none of them has both a trace
/// and a gap log.
Result<StolenTime> stolen_time(const Recording& recording, const std::vector<ClassRule>& own_rules,
                               std::optional<int> window);

}  // namespace isolab
