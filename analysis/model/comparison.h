// SPDX-License-Identifier: Apache-2.0
// Two or more groups of sessions against the first: every metric they share, with the evidence and
// a verdict. Plain data, made by compare() (analysis/compare.h); docs/comparing.md explains each
// number.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/model/findings.h"
#include "analysis/model/metric_list.h"
#include "analysis/statistics/counts.h"

namespace isolab {

/// One side of a comparison.
struct SessionGroup {
  std::string name;
  // Only this arm of each session, or the arms a matrix made of it; empty: all arms, by name.
  std::string arm;
  std::vector<const Findings*> sessions;
  std::vector<std::string> places;  // where each session was read, for people
};

struct ComparisonOptions {
  double alpha = 0.05;       // false discovery rate over the whole report
  double min_effect = 0.01;  // changes of the estimate smaller than this are "~"
  /// Facts that are intended to differ: keys, or beginnings of keys ended by a
  /// dot. Everything else that differs is a warning.
  std::vector<std::string> intended = {"kernel.release", "kernel.version", "kernel.config_source",
                                       "kernel.config_sha256"};
  std::vector<std::string> metrics;  // only these names are compared; empty: all
};

enum class Outcome {
  same,        // printed as "~": not significant, or smaller than the minimum effect
  better,      // significant
  worse,       // significant
  changed,     // significant, of a metric without a direction
  too_few,     // below kSessionsForVerdict in a group
  lost,        // a group's trace lost events in every session: shown, but too low to be compared
  not_judged,  // shown only: maxima, shares, or equal in every session
};
const char* to_string(Outcome outcome);

/// A metric in one group.
struct GroupNumber {
  std::vector<double> values;  // one a session, in the order of the sessions that have it
  std::size_t missing = 0;     // sessions without it
  // Sessions whose trace lost events: left out, or shown where there are no others (all_lost).
  std::size_t lost = 0;
  bool all_lost = false;
  double centre = 0;                 // values: median; counts: pooled rate; maxima: the largest
  std::optional<Interval> interval;  // of the centre; counts of zero: [0, bound]
  std::uint64_t n = 0;               // events or samples
  double exposure_s = 0;
};

/// A metric of one group against the base.
struct Change {
  std::optional<double> ratio;             // new / base; absent where a value is not > 0
  std::optional<Interval> ratio_interval;  // upper may be infinite
  std::optional<double> shift;             // new - base, of values
  std::optional<Interval> shift_interval;
  std::optional<double> p, q;  // exact Mann-Whitney; after Benjamini-Hochberg. Absent: no test
  Outcome outcome = Outcome::not_judged;
  std::size_t sessions_lacking = 0;  // too_few: how many more, in the smaller group
};

struct ComparedMetric {
  MetricKey key;
  const MetricInfo* info = nullptr;  // never null
  Statistic statistic = Statistic::value;
  std::vector<GroupNumber> groups;
  std::vector<Change> changes;  // of groups[1], groups[2] ... against groups[0]
};

/// Something that is not the same everywhere.
struct Difference {
  std::string what;  // "cpu.microcode", "profile hash"
  std::vector<std::string>
      values;  // one a group; where sessions of a group differ, joined by " | "
  bool intended = false;
  bool within = false;  // sessions of one group differ among themselves
};

/// A line of one arm in one group, with the range of its sessions.
struct BandPoint {
  double x_us = 0;
  double per_cpu_hour = 0;         // pooled: how many per CPU-hour are longer
  double lowest = 0, highest = 0;  // of single sessions
};

struct GroupSeries {
  std::string group, arm;
  double exposure_s = 0;
  std::vector<BandPoint> ccdf;
  std::vector<std::uint64_t> histogram;  // bins of 1 us
  std::uint64_t histogram_overflow = 0;
  std::map<std::string, double> ipi_classes;  // class -> IPIs per CPU-hour of traced time
  std::string timeline_of;                    // the session its tracks come from
  std::vector<GapTrack> tracks;
};

/// One metric along a numeric axis of the matrix ("cpus=4" in the arms' names).
struct ScalingPoint {
  double x = 0;
  double ratio = 0;
  std::optional<Interval> interval;
  std::string arm;
};
struct ScalingLine {
  std::string metric, group, axis, prefix;
  std::vector<ScalingPoint> points;
};

struct GroupSummary {
  std::string name, arm;
  std::vector<std::string> places;
  std::size_t sessions = 0;
  int windows = 0, windows_left_out = 0;
  double exposure_s = 0;                // of the probe, all sessions, CPUs and arms together
  double traced_s = 0;                  // of the trace, likewise
  Facts facts;                          // of the first session
  std::map<std::string, int> warnings;  // id -> sessions that carry it
  bool measured_isolated = false;
  std::string measured, housekeeping;
};

/// A number that not every group has, and which of them have it.
struct Uncompared {
  MetricKey key;
  std::vector<std::string> groups;
};

struct Comparison {
  static constexpr int kSchema = 1;
  ComparisonOptions options;
  std::string profile, profile_hash, question, probe, probe_kind;  // of the base
  std::string isolab_version;
  std::vector<std::string> command_line;
  int repeats = 0;
  double warmup_s = 0, measure_s = 0;
  std::map<std::string, std::vector<std::string>> loads;  // arm -> workloads
  std::vector<GroupSummary> groups;
  std::vector<Difference> differences;
  std::vector<std::string> notes;  // what the reader must know, one sentence each
  std::vector<ComparedMetric> metrics;
  std::vector<Uncompared> uncompared;  // in the order of `metrics`
  std::size_t tests = 0;               // metrics that were tested: the family of Benjamini-Hochberg
  std::vector<GroupSeries> series;
  std::vector<ScalingLine> scaling;
};

/// Whether the interval leaves no change out; an open bound at no change does.
bool interval_excludes_no_change(const Change& change);

/// How many metrics of a comparison are called better, worse or changed.
std::size_t flagged(const Comparison& comparison);

}  // namespace isolab
