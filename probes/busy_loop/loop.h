// SPDX-License-Identifier: Apache-2.0
// The busy loop itself: the one piece of code that runs on a measured CPU during a window. The
// probe, its tests, the benchmark and the disassembly check all use this function.
//
// Each round reads the counter and judges the round *before*: what is computed does not depend on
// the reading in progress, so it runs in the shadow of the counter instruction instead of being
// between it and the next fence. Rounds up to the floor limit cost one counter and one sum; only
// longer ones reach the histogram and the log. A round's own book-keeping is part of the next
// round, so no time is lost between two readings.
//
// Inside: no call, no division, no allocation, no system call; writes go to the caller's histogram
// and log only, which must be in memory that no other thread touches.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/histogram.h"
#include "base/records.h"
#include "host/arch/cycles.h"

namespace isolab {

struct FencedCounter {
  [[gnu::always_inline]] static RawCycles read() { return read_raw_cycles(); }
};
struct UnfencedCounter {
  [[gnu::always_inline]] static RawCycles read() { return read_raw_cycles_unfenced(); }
};

/// Where gaps go; memory of the caller, touched and locked beforehand.
struct GapLog {
  Gap* entries = nullptr;
  std::size_t capacity = 0;
  std::size_t size = 0;
  std::uint64_t dropped = 0;  // over the threshold while the log was full
};

struct LoopLimits {
  std::uint64_t floor = 0;        // ticks of an undisturbed round: the bucket its rounds share
  std::uint64_t floor_limit = 0;  // ticks; rounds up to this are at the floor
  std::uint64_t threshold = 0;    // ticks, >= floor_limit; longer rounds are logged
};

struct LoopTotals {
  std::uint64_t start = 0, end = 0;  // first and last reading, absolute ticks
  std::uint64_t iterations = 0;      // rounds; readings - 1
  std::uint64_t over_floor = 0;      // rounds that took the histogram path
  std::uint64_t sum = 0;             // of all rounds' lengths, added up one by one
  std::uint64_t longest = 0;         // ticks; 0: no round was over the floor limit
  std::uint64_t backward = 0;        // the counter went back: counted in bucket 0, kept in `sum`
};

/// Measures from the reading `start`, which the caller took before it reported that it measures,
/// until `stop()` is true and one reading more: a gap in progress at either edge is measured
/// completely. At least two rounds. Adds every round to `histogram`.
template <class Counter, class Stop>
[[gnu::always_inline]] inline LoopTotals listen(std::uint64_t start, const LoopLimits& limits,
                                                Histogram& histogram, GapLog& log, Stop&& stop) {
  constexpr std::uint64_t kBackward = std::uint64_t{1} << 63;
  const std::uint64_t floor_limit = limits.floor_limit;
  const std::uint64_t threshold = limits.threshold;
  LoopTotals totals;

  const auto over_floor = [&](std::uint64_t from, std::uint64_t length)
      __attribute__((always_inline)) {
    ++totals.over_floor;
    if (length >= kBackward) {
      ++totals.backward;
      histogram.add(0);
      return;
    }
    histogram.add(length);
    if (length > totals.longest) totals.longest = length;
    if (length <= threshold) return;
    if (log.size < log.capacity) {
      log.entries[log.size++] = {from, length};
    } else {
      ++log.dropped;
    }
  };

  std::uint64_t last = start;
  RawCycles pending = Counter::read();
  std::uint64_t iterations = 2;
  std::uint64_t sum = 0;
  while (!stop()) {
    const RawCycles newest = Counter::read();
    hold_until_here(pending);
    const std::uint64_t now = pending.value();
    const std::uint64_t length = now - last;
    ++iterations;
    sum += length;
    if (length > floor_limit) [[unlikely]]
      over_floor(last, length);
    last = now;
    pending = newest;
  }
  for (const std::uint64_t now : {pending.value(), Counter::read().value()}) {
    sum += now - last;
    if (now - last > floor_limit) over_floor(last, now - last);
    last = now;
  }
  totals.start = start;
  totals.end = last;
  totals.iterations = iterations;
  totals.sum = sum;
  histogram.add(limits.floor, iterations - totals.over_floor);
  return totals;
}

/// The production stop check: one relaxed load of a word that is written once, at the end.
struct StopWord {
  const std::atomic<std::uint32_t>* word;
  [[gnu::always_inline]] bool operator()() const {
    return word->load(std::memory_order_relaxed) != 0;
  }
};

/// Ends after `left` more rounds: for measuring the loop itself. Compiles to the same loop body.
struct CountStop {
  std::uint64_t left;
  [[gnu::always_inline]] bool operator()() { return left-- == 0; }
};

}  // namespace isolab
