// SPDX-License-Identifier: Apache-2.0
// The result of the analysis of a recording: flat metrics, warnings, verdicts on budgets and the
// series of the charts. Plain data; analyse() (analysis/analyse.h) makes it from a recording alone,
// the same bytes on every machine.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/model/effects.h"
#include "analysis/model/interruptions.h"
#include "analysis/model/metric.h"
#include "analysis/model/page_cost.h"
#include "base/imported.h"
#include "base/plan.h"
#include "base/records.h"

namespace isolab {

/// A warning of the run or of the analysis, with the arms it concerns (empty: all of it).
struct FindingWarning {
  Warning warning;
  std::vector<std::string> arms;
  int times = 1;  // how often it was recorded
};

struct Verdict {
  Budget budget;
  std::string arm;
  std::string outcome;  // "kept", "broken", "not proven", "not applicable"
  std::string text;     // the sentence for the report
};

/// An arm, as the report and the charts name it.
struct ArmSummary {
  std::string name;
  std::string not_applicable;
  std::vector<std::string> workloads;
  bool idle = false;         // the arm the others are compared with
  int windows = 0;           // that count
  int windows_left_out = 0;  // failed or disturbed: kept in the recording, not in the numbers
  double exposure_s = 0;     // of the probe, summed over the CPUs
  std::optional<PlannedBoot> boot;  // the kernel and command line the profile names for it
};

struct Point {
  double x = 0;
  double y = 0;
};

/// Gaps of one CPU in one window, the largest kept where there are too many to draw.
struct GapTrack {
  std::string arm;
  int cpu = 0;
  int repeat = 0;
  double seconds = 0;         // length of the window
  std::vector<Point> points;  // x: s since the window's start, y: us
  std::uint64_t gaps = 0;     // before thinning
};

struct ArmSeries {
  std::string arm;
  std::vector<Point> ccdf;                   // x: us, y: how many per CPU-hour are longer
  std::vector<std::uint64_t> histogram;      // bins of 1 us from 0; the samples of all CPUs
  std::uint64_t histogram_overflow = 0;      // at or above the last bin's end
  std::map<std::string, double> interrupts;  // row -> per CPU-hour on the measured CPUs
};

struct Series {
  static constexpr std::size_t kHistogramBins = 100;
  std::vector<ArmSeries> arms;
  std::vector<GapTrack> tracks;
};

struct Findings {
  static constexpr int kSchema = 1;
  int schema = kSchema;
  std::string isolab_version;        // that recorded
  std::string status;                // of the recording
  std::optional<Imported> imported;  // what other tools measured; none: isolab did
  std::string profile, question, profile_hash;
  std::string started_utc, ended_utc;
  std::vector<std::string> command_line;
  std::string probe, probe_kind;  // "busy_loop", "gap"; empty: none
  std::string measured, housekeeping, measured_why;
  bool measured_isolated = false;
  int repeats = 0;  // planned
  double warmup_s = 0, measure_s = 0;
  std::string order;
  Facts facts;
  std::vector<ArmSummary> arms;
  std::vector<Metric> metrics;
  std::vector<FindingWarning> warnings;
  std::vector<Verdict> verdicts;
  std::vector<std::string> changed;  // what the run wrote to the machine
  Series series;
  Interruptions interruptions;  // of windows that were traced
  std::vector<PageCost> page_costs;
  std::vector<ArmEffect> effects;  // of the arms beside the idle one, in their order
};

/// The metric of this name whose labels include all of `labels`; null if there is none.
const Metric* find_metric(const Findings& findings, const std::string& name,
                          const std::map<std::string, std::string>& labels);

}  // namespace isolab
