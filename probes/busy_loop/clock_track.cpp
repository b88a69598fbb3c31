// SPDX-License-Identifier: Apache-2.0
#include "probes/busy_loop/clock_track.h"

namespace isolab {
namespace {

double ticks_per_ns(const ClockPair& from, const ClockPair& to) {
  return static_cast<double>(to.ticks - from.ticks) / static_cast<double>(to.ns - from.ns);
}

}  // namespace

void ClockTrack::add(const ClockPair& pair) {
  if (size_ == kCapacity) {
    for (std::size_t i = 0; 2 * i < kCapacity; ++i) pairs_[i] = pairs_[2 * i];
    size_ = kCapacity / 2;
    distance_ *= 2;
  }
  pairs_[size_++] = pair;
}

TickLine ClockTrack::line() const {
  TickLine line = make_line(first(), last());
  const std::uint64_t middle = first().ns + (last().ns - first().ns) / 2;
  std::size_t split = 0;
  while (split + 1 < size_ && pairs_[split].ns < middle) ++split;
  if (split == 0 || split + 1 >= size_) return line;
  const double before = ticks_per_ns(first(), pairs_[split]);
  const double after = ticks_per_ns(pairs_[split], last());
  line.drift_ppm = (after / before - 1) * 1e6;
  return line;
}

}  // namespace isolab
