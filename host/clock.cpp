// SPDX-License-Identifier: Apache-2.0
#include "host/clock.h"

#include "host/arch/cycles.h"
#include "host/os.h"

namespace isolab {

ClockPair read_clock_pair() {
  constexpr int kTries = 100;
  ClockPair best;
  best.bracket_ticks = ~std::uint64_t{0};
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t before = read_cycles();
    const std::uint64_t ns = mono_raw_ns();
    const std::uint64_t after = read_cycles();
    if (after - before >= best.bracket_ticks) continue;
    best = {before + (after - before) / 2, ns, after - before};
  }
  return best;
}

TickLine make_line(const ClockPair& first, const ClockPair& last) {
  TickLine line;
  line.counter = kCycleCounterName;
  line.ticks0 = first.ticks;
  line.ticks1 = last.ticks;
  line.ns0 = first.ns;
  line.ns1 = last.ns;
  // The true moment lies anywhere in the bracket, so each end is off by half of it at most; the sum
  // of both whole brackets is a bound with room to spare.
  const auto span = static_cast<double>(last.ticks - first.ticks);
  if (span > 0)
    line.uncertainty_ppm =
        static_cast<double>(first.bracket_ticks + last.bracket_ticks) / span * 1e6;
  return line;
}

}  // namespace isolab
