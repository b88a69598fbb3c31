// SPDX-License-Identifier: Apache-2.0
// Reads what `cyclictest --verbose --nsecs --secaligned` prints, as it comes: lines
// "thread:cycle:latency" with the latency in ns. Independent of processes.
//
// cyclictest skips the periods that passed while its thread was late (timerthread(): `next` moves
// on until it is ahead of `now`). So a latency d of interval i hid (d - 1) / i later wake-ups, each
// of which would have come late by d - i, d - 2i, ... > 0: the corrected distribution holds them
// too (Gil Tene, "How NOT to Measure Latency", coordinated omission; unlike HdrHistogram's
// correction, which leaves out values below one interval, every period of the run is in it exactly
// once).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/histogram.h"
#include "base/records.h"

namespace isolab {

struct CyclictestThread {
  Histogram histogram;  // ns, every sample
  Histogram corrected;  // ns, every period
  std::uint64_t samples = 0;
  std::uint64_t periods = 0;  // samples + missed: the last sample's expected time, in intervals
  std::uint64_t missed = 0;
  std::uint64_t longest = 0;    // ns
  std::uint64_t last_wake = 0;  // ns after the start: when the last sample's thread ran
  std::vector<Gap> late;  // latencies over the threshold; start is relative to the run's start
  std::uint64_t late_dropped = 0;
  int cpu = -1;  // as cyclictest says; -1: it did not
};

class CyclictestParser {
 public:
  struct Settings {
    std::size_t threads = 1;
    std::uint64_t interval = 1'000'000;  // ns
    std::uint64_t threshold = 50'000;    // ns
    std::size_t log_capacity = 1 << 20;
  };
  explicit CyclictestParser(Settings settings);

  /// Takes the next bytes, read at `now` (CLOCK_MONOTONIC, ns).
  void feed(std::string_view bytes, std::uint64_t now);
  /// The output has ended; a line without its newline is a truncated one.
  void finish();

  const std::vector<CyclictestThread>& threads() const { return threads_; }
  /// Every thread has given a sample.
  bool all_heard() const;
  /// The first thing that was not as it should be: "line 17: ..."; data after it is not read.
  const std::string& problem() const { return problem_; }
  /// What it printed before its samples, at most 40 lines.
  const std::vector<std::string>& messages() const { return messages_; }

  /// When the run began on CLOCK_MONOTONIC, a full second (--secaligned): the earliest moment that
  /// the reading times allow, rounded down. Nothing before the first sample.
  std::optional<std::uint64_t> started_at() const;
  /// How late the latest-read sample was read, ns.
  std::uint64_t reader_lag() const;

 private:
  void line(std::string_view text);
  void sample(std::size_t thread, std::uint64_t cycle, std::uint64_t latency);
  void fail(std::string what);

  Settings settings_;
  std::vector<CyclictestThread> threads_;
  std::vector<std::string> messages_;
  std::string rest_;  // a line not yet whole
  std::string problem_;
  std::uint64_t lines_ = 0;
  std::uint64_t earliest_start_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t latest_start_ = 0;
};

}  // namespace isolab
