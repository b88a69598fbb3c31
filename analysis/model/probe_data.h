// SPDX-License-Identifier: Apache-2.0
// What the probe recorded, in time instead of ticks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/model/windows.h"
#include "base/imported.h"
#include "base/records.h"

namespace isolab {

/// A number that the probe wrote down; `fallback` where it did not, or where it is not finite.
double probe_number(const ProbeCpu& cpu, const char* name, double fallback);

/// One CPU in one window, in time instead of ticks.
class Heard {
 public:
  Heard(const WindowRecord& window, const ProbeCpu& cpu);

  int repeat() const { return window_->repeat; }
  const ProbeCpu& cpu() const { return *cpu_; }
  const TickLine& line() const { return window_->probe.line; }
  const std::map<std::string, std::string>& notes() const { return window_->probe.notes; }
  double seconds() const;
  /// Lengths above `ns`: from the log, exactly, if it contains all of them; otherwise from the
  /// histogram, whose buckets are 1.6 % wide and count if they are completely above. Of gaps and
  /// wake-ups.
  std::uint64_t count_over(std::uint64_t ns) const;
  /// Why count_over(ns) is not known; empty: it is. An imported histogram may end below.
  std::string unknown_over(std::uint64_t ns) const;
  /// Ticks at and above which an imported file gives no lengths but the longest; none: it gives
  /// all.
  std::optional<std::uint64_t> overflow_from() const;
  std::uint64_t overflow() const;  // how many samples those are
  /// Why an imported file does not hold this topic of base/records.h; empty: it does.
  std::string lacks(const char* topic) const;
  /// As the probe recorded it (longest_ticks, longest_ns), or as the log holds it; only without
  /// both the upper edge of the histogram's last bucket, at most 1.6 % too long.
  double longest_us() const;
  /// Seconds that gaps over the log's threshold took; from the histogram's buckets if the log is
  /// full.
  double lost_seconds() const;
  double microseconds(std::uint64_t ticks) const;

 private:
  bool log_holds(std::uint64_t ticks) const;

  const WindowRecord* window_;
  const ProbeCpu* cpu_;
};

/// The data of the probe on `cpu` (-1: all CPUs) in the arm's windows. CPUs whose data is in error
/// are out, and those without observation time, unless an imported file does not say how long it
/// was.
std::vector<Heard> heard_on(const ArmWindows& arm, int cpu);

/// Ticks up to which the log holds every gap over the threshold: the probe's end, or the end of the
/// last entry where the log was full (it is filled in order of time and never overwritten). Nothing
/// that is told from the log is known of the time after it.
std::uint64_t logged_until(const ProbeCpu& cpu);

}  // namespace isolab
