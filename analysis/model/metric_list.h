// SPDX-License-Identifier: Apache-2.0
// The list of metrics: everything except the numbers that reports, comparisons, budgets and charts
// use of a metric. The rows are in metrics.def; no other code depends on the name of a metric.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace isolab {

enum class Direction { lower_is_better, higher_is_better, none };
const char* to_string(Direction direction);

/// How a metric is compared.
enum class Statistic {
  value,    // one value a session: medians, Hodges-Lehmann
  count,    // events over observation time: pooled rates and their ratio
  maximum,  // shown with its observation time, never judged: it grows with it
  shown,    // shown, not judged: no direction, or a share of something that varies itself
  own,      // about isolab itself: left out
};
const char* to_string(Statistic statistic);

/// The table of a comparison that shows it.
enum class Section {
  ipis,
  gaps,
  cost,
  rest,         // "Everything else that was compared"
  sent,         // ipis where another CPU sent it, by its labels; else rest
  system_cost,  // cost where its state is "system"; else rest
  left_out,     // no table: Statistic::own
};

/// Whether it is withheld in a recording of an emulated CPU, whose times are an artefact of
/// emulation.
enum class Emulated {
  kept,          // what the kernel counted is as true as anywhere
  not_compared,  // shown, but how fast an emulated CPU works is how busy its host was
  withheld,      // without_times() (analysis/metrics/emulation.h) leaves no data for it
};

/// Whether the chart of changes along a numeric axis of the matrix has a line of it.
enum class Axis { drawn, not_drawn };

/// What counted it. Counts of a trace are too low where it lost events.
enum class Source {
  probe,
  rows,  // of /proc/interrupts and /proc/softirqs: a row that is absent did not grow
  accounting,
  workload,
  benchmark,
  trace,
  causes,  // of the trace, each its own metric: a cause that is absent did not happen
};

/// A unit, for those who count, compare or limit in it.
struct Unit {
  const char* name;
  double rate_s = 0;        // of a rate of events: the seconds it is counted over; else 0
  double ns = 0;            // of a time: how many ns one is; else 0
  const char* suffix = "";  // what may follow a budget's limit, where it is not a time
};

struct MetricInfo {
  std::string name;
  std::string unit;
  const Unit* unit_rules;
  Direction direction;
  Statistic statistic;
  Section section;
  /// Of a comparison, with {LABEL} for the labels' values; {cpus}: "measured" or "noise", {rate}:
  /// " IPIs" in the table that gives rates by the hour, " /s" elsewhere. Empty: left out.
  std::string row_label;
  Emulated emulated;
  Axis axis;
  Source source;
  std::vector<std::string> labels;
  std::string summary;
  bool before_tail;  // a short threshold or a low percentile: a letter shows it only if significant
};

/// Sorted as the report shows them.
const std::vector<MetricInfo>& all_metrics();
const MetricInfo* find_metric_info(std::string_view name);

/// Thresholds of the counts, in us.
inline constexpr std::array<int, 6> kThresholdsUs = {1, 5, 10, 20, 50, 100};

struct Percentile {
  double share;
  const char* word;   // in a metric's name: "p99_9"
  const char* shown;  // in a report: "p99.9"
};
inline constexpr std::array<Percentile, 8> kPercentiles = {
    {{0.5, "p50", "p50"},
     {0.99, "p99", "p99"},
     {0.999, "p99_9", "p99.9"},
     {0.9999, "p99_99", "p99.99"},
     {0.99999, "p99_999", "p99.999"},
     {0.999999, "p99_9999", "p99.9999"},
     {0.9999999, "p99_99999", "p99.99999"},
     {0.99999999, "p99_999999", "p99.999999"}}};

/// The names of a family's members.
struct ThresholdMetrics {
  const char* name;
  std::string over(int us) const;  // "gaps_over_10us"; one of kThresholdsUs
};
struct PercentileMetrics {
  const char* name;
  std::string at(const Percentile& percentile) const;  // "gap_p99_9"
};

/// The names, so that a misspelt one does not compile: metrics::time_lost is "time_lost".
namespace metrics {
#define METRIC(name, ...) inline constexpr const char* name = #name;
#define THRESHOLDS(name, ...) inline constexpr ThresholdMetrics name{#name};
#define PERCENTILES(name, ...) inline constexpr PercentileMetrics name{#name};
#include "analysis/model/metrics.def"
}  // namespace metrics

/// Statistics of the lengths that a probe measured: of wake-ups, or of gaps.
struct LengthMetrics {
  ThresholdMetrics counts;
  PercentileMetrics percentiles;
  const char* longest;
};
LengthMetrics length_metrics(bool wakeups);

}  // namespace isolab
