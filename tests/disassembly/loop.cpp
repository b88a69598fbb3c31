// SPDX-License-Identifier: Apache-2.0
// The busy loop as the probe instantiates it, under names that check_loop.py can find.
#include "probes/busy_loop/loop.h"

namespace isolab {

[[gnu::noinline]] LoopTotals listen_fenced(std::uint64_t start, const LoopLimits& limits,
                                           Histogram& histogram, GapLog& log,
                                           const std::atomic<std::uint32_t>& stop) {
  return listen<FencedCounter>(start, limits, histogram, log, StopWord{&stop});
}

[[gnu::noinline]] LoopTotals listen_unfenced(std::uint64_t start, const LoopLimits& limits,
                                             Histogram& histogram, GapLog& log,
                                             const std::atomic<std::uint32_t>& stop) {
  return listen<UnfencedCounter>(start, limits, histogram, log, StopWord{&stop});
}

}  // namespace isolab
