// SPDX-License-Identifier: Apache-2.0
// Readings of counter and clock spread over a window of unknown length, in fixed memory: when the
// track is full every other reading goes and the distance doubles.
#pragma once

#include <array>
#include <cstddef>

#include "base/units.h"
#include "host/clock.h"

namespace isolab {

class ClockTrack {
 public:
  static constexpr std::size_t kCapacity = 64;
  static constexpr Nanos kFirstDistance = std::chrono::milliseconds(100);

  /// True when the next reading is due, `now_ns` on CLOCK_MONOTONIC_RAW.
  bool due(std::uint64_t now_ns) const {
    return size_ == 0 ||
           now_ns - pairs_[size_ - 1].ns >= static_cast<std::uint64_t>(distance_.count());
  }
  void add(const ClockPair& pair);

  const ClockPair& first() const { return pairs_[0]; }
  const ClockPair& last() const { return pairs_[size_ - 1]; }
  Nanos span() const { return Nanos(static_cast<Nanos::rep>(last().ns - first().ns)); }

  /// The line through the first and the last reading. Its drift compares the rate of both halves,
  /// split at the reading nearest to the middle; 0 with fewer than three readings.
  TickLine line() const;

 private:
  std::array<ClockPair, kCapacity> pairs_{};
  std::size_t size_ = 0;
  Nanos distance_ = kFirstDistance;
};

}  // namespace isolab
