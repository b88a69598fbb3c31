// SPDX-License-Identifier: Apache-2.0
// What a run leaves behind, as plain data: probes, observers and the runner fill it, results/
// stores and loads it, analysis/ reads it. Times without a unit in their name are clock ticks.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/gap_list.h"
#include "base/histogram.h"
#include "base/plan.h"

namespace isolab {

/// Two paired readings of the cycle counter and CLOCK_MONOTONIC_RAW: a straight line from ticks to
/// time. Raw ticks are kept in the recording; every conversion goes through this line, in integers.
struct TickLine {
  std::string counter;  // "tsc", "cntvct" or "ns" (identity; cyclictest)
  std::uint64_t ticks0 = 0, ticks1 = 0;
  std::uint64_t ns0 = 0, ns1 = 0;  // CLOCK_MONOTONIC_RAW
  double uncertainty_ppm = 0;      // from the brackets of the two readings
  double drift_ppm = 0;            // first half of the run against the second half

  /// Nanoseconds of a number of ticks, rounded down; 128-bit product, no overflow below 500 years.
  std::uint64_t nanoseconds(std::uint64_t ticks) const;
  /// Ticks of a number of nanoseconds, rounded up.
  std::uint64_t ticks(std::uint64_t nanoseconds) const;
  double ticks_per_second() const;
};

/// The data of a probe on one CPU in one window.
struct ProbeCpu {
  int cpu = 0;
  std::string error;  // why the data ends early; empty: complete
  std::uint64_t start = 0,
                end = 0;           // ticks: first and last reading; observation time = end - start
  Histogram histogram;             // busy_loop: every iteration; cyclictest: every sample
  Histogram corrected;             // cyclictest: with the samples that omission hid; else empty
  std::uint64_t threshold = 0;     // ticks; gaps longer than this are logged
  GapList gaps;                    // in time order
  std::uint64_t gaps_dropped = 0;  // over the threshold, but the log was full
  std::map<std::string, double> numbers;  // per-probe: iterations, floor_ticks, missed_periods ...
};

struct ProbeRecord {
  std::string probe;  // empty: none ran
  std::string kind;   // "gap" (userspace could not run) or "wakeup" (a timer's thread came late)
  TickLine line;
  std::vector<ProbeCpu> cpus;
  std::map<std::string, std::string> notes;  // version, command line, policy ...
};

/// The counts one workload reached; names and units come from its descriptor.
struct WorkRecord {
  std::string workload;
  std::map<std::string, std::uint64_t> at_start, at_end;  // at the edges of the window
  std::map<std::string, std::uint64_t> at_warmup;         // when the warm-up began
  double user_seconds = 0, system_seconds = 0;            // whole life of its processes (wait4)
  std::map<std::string, std::string> notes;               // hashes, thresholds, purge counts ...
  std::string op_count;  // which count the operations are: the descriptor's first
  /// On each measured CPU; < 0: none, or with an expected_row one that is unknown. The note
  /// expected_source gives the reason for the number, or why it is unknown.
  double expected_ipis_per_op = -1;
  std::string expected_row;  // row kind: function_call, tlb, reschedule, ... (base/interrupts.h)
  std::string error;         // died, hung, refused; empty: fine
};

/// One row of /proc/interrupts or /proc/softirqs: counts per CPU before and after the window.
struct CounterRow {
  std::string id;     // "CAL", "IPI1", "36"
  std::string label;  // "Function call interrupts"
  std::string
      kind;  // base/interrupts.h: "function_call", "tlb", ... or "device", "other", "softirq"
  std::map<int, std::uint64_t> before, after;

  /// The increment of the row on one CPU, across the kernel's 32-bit wrap (see base/counters.h);
  /// 0 where one of the readings does not have the row or the CPU: use counter_step() before
  /// counting that.
  std::uint64_t gained(int cpu) const;
};

/// Time of one CPU from /proc/stat, in seconds over the window (clock-tick resolution).
struct CpuTime {
  int cpu = 0;
  double user = 0, system = 0, irq = 0, softirq = 0, steal = 0, idle = 0;
};

/// isolab's own footprint on a measured CPU in the window.
struct Footprint {
  int cpu = 0;
  std::uint64_t voluntary_switches = 0, involuntary_switches = 0;  // of the probe's thread
  std::uint64_t minor_faults = 0, major_faults = 0;
};

/// Made by make_warning() (base/warnings.h) from the one table of texts, or read from a recording.
struct Warning {
  Warning() = default;  // no aggregate: a literal of four texts would bypass the table
  std::string id;       // stable word of base/warnings.def
  std::string seen;     // what was seen, with numbers
  std::string matters;  // why it matters
  std::string advice;   // what to do
  auto operator<=>(const Warning&) const = default;
};

/// Notes of observers that the analysis reads.
inline constexpr const char* kSmiNote = "smi.cpu";  // + CPU: a number, or why there is none
/// Begin and end of both readings of the counters: four times of CLOCK_MONOTONIC_RAW in ns.
inline constexpr const char* kCounterReadsNote = "interrupts.read";

/// All of one window. Raw files (trace pages, logs) stay beside it and are named in `files`.
struct WindowRecord {
  int index = 0;  // into Plan::windows
  int arm = 0;
  int repeat = 0;
  std::string status;  // "complete", "disturbed: ...", "failed: ...", "interrupted"
  std::uint64_t begin_ns = 0, end_ns = 0;  // CLOCK_MONOTONIC_RAW around the readings of counters
  std::string begin_utc;                   // RFC 3339, for people
  ProbeRecord probe;
  std::vector<WorkRecord> work;
  std::vector<CounterRow> interrupts, softirqs;
  std::vector<CpuTime> cpu_times;
  std::vector<Footprint> footprints;
  std::map<std::string, std::string> notes;  // by observers: "ipi_trace.level" -> "A"
  std::vector<Warning> warnings;
  std::vector<std::string> files;  // relative names of raw files
};

/// The machine as it was. Keys are dotted words documented in docs/recording-format.md.
using Facts = std::map<std::string, std::string>;

}  // namespace isolab
