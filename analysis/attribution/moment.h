// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace isolab {

/// When an event of a measured CPU happened and which counts it belongs to. `at` lies inside the
/// open gap while `in_gap` is true; `checked` and `near_edge` are never both true.
struct Moment {
  std::uint64_t ticks = 0;
  std::uint64_t at = 0;  // the same, clamped to the open gap: the two clocks may differ by a little
  bool in_gap = false;
  bool in_window = false;
  bool checked = false;    // between the two readings of the interrupt counters
  bool near_edge = false;  // during one of them
};

}  // namespace isolab
