// SPDX-License-Identifier: Apache-2.0
// The list of metrics: every name, unit and direction that a report or a budget can speak of.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace isolab {

enum class Direction { lower_is_better, higher_is_better, none };

const char* to_string(Direction direction);

struct MetricInfo {
  std::string name;
  std::string unit;
  Direction direction = Direction::none;
  std::string summary;
  std::vector<std::string> labels;
};

/// Sorted as the report shows them.
const std::vector<MetricInfo>& all_metrics();
const MetricInfo* find_metric_info(std::string_view name);

/// How a metric is compared.
enum class Statistic {
  value,    // one value a session: medians, Hodges-Lehmann
  count,    // events over exposure: pooled rates and their ratio
  maximum,  // shown with its exposure, never judged: it grows with the exposure
  shown,    // shown, not judged: no direction, or a share of something that varies itself
  own,      // about isolab itself: left out
};
Statistic statistic_of(const MetricInfo& metric);
const char* to_string(Statistic statistic);

/// Thresholds of the counts, in us: gaps_over_1us ... gaps_over_100us.
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

}  // namespace isolab
