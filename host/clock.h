// SPDX-License-Identifier: Apache-2.0
// Ties the cycle counter to CLOCK_MONOTONIC_RAW.
#pragma once

#include "base/records.h"

namespace isolab {

/// One reading of both clocks at the same moment: the best of many tries, by the width of the
/// bracket (counter, clock_gettime, counter). `bracket_ticks` bounds the error.
struct ClockPair {
  std::uint64_t ticks = 0;
  std::uint64_t ns = 0;
  std::uint64_t bracket_ticks = 0;
};

/// Takes about 20 us: 100 tries.
ClockPair read_clock_pair();

/// The line through two pairs; uncertainty is the sum of both brackets over the span, in ppm.
/// 1 s apart and 86-tick brackets give < 0.1 ppm.
TickLine make_line(const ClockPair& first, const ClockPair& last);

}  // namespace isolab
