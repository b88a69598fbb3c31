// SPDX-License-Identifier: Apache-2.0
// The part of a window's record about its trace: written by the observer ipi_trace as notes
// ("ipi_trace.level" -> "A"), read by the analysis. Defines the keys and their format.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/records.h"
#include "base/result.h"

namespace isolab {

/// Events one CPU's buffer did not keep, from per_cpu/cpuN/stats: exact totals of the kernel.
struct TraceLoss {
  std::uint64_t overrun = 0;         // overwritten by newer ones (overwrite mode)
  std::uint64_t dropped = 0;         // not written, the buffer was full
  std::uint64_t commit_overrun = 0;  // lost to nesting while the buffer was full
  std::uint64_t total() const { return overrun + dropped + commit_overrun; }
  bool operator==(const TraceLoss&) const = default;
};

/// A CPU whose trace could not be read to its end. After `from` neither its interruptions nor its
/// sends are known.
struct TraceCut {
  std::uint64_t from =
      0;  // in the trace clock: its last event that was read, or the window's begin
  std::string why;
  bool operator==(const TraceCut&) const = default;
};

struct TraceMeta {
  /// A: csd and ipi events. B: ipi_raise and kprobes (arm64). C: kprobes. D: receiver events and
  /// counters only; without tracefs or root no events at all (`clock` is empty then).
  std::string level;
  std::vector<std::string> reasons;  // whole sentences: why not a higher level, what is lost
  std::string clock;                 // "x86-tsc", "mono_raw"; empty: nothing was traced
  std::uint64_t begin = 0, end = 0;  // the window's edges in the trace clock
  TickLine line;                     // counter and mono_raw at begin and end
  std::map<int, TraceLoss> loss;     // by CPU, also those that lost nothing
  std::map<int, TraceCut> cut;       // by CPU, only those that are
  std::uint64_t buffer_bytes = 0;    // of each measured CPU
  std::map<std::string, std::string> other;  // further notes, without the prefix

  bool traced() const { return !clock.empty(); }
  std::uint64_t lost() const;
  /// `cpus` without those whose trace is cut.
  CpuSet whole(const CpuSet& cpus) const;
  /// A time of the trace as counter ticks, the unit of the probe's gaps: the same number for
  /// x86-tsc, through the two-point line for mono_raw (128-bit products).
  std::uint64_t ticks(std::uint64_t time) const;

  void write(std::map<std::string, std::string>& notes) const;
  /// unsupported if the window has no notes of ipi_trace.
  static Result<TraceMeta> read(const std::map<std::string, std::string>& notes);
};

}  // namespace isolab
