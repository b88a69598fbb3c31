// SPDX-License-Identifier: Apache-2.0
#include "analysis/model/metric_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <sstream>

namespace isolab {
namespace {

namespace units {
constexpr Unit number{"1"}, percent{.name = "%", .suffix = "%"};
constexpr Unit ppm{.name = "ppm", .suffix = "ppm"};
constexpr Unit per_window{"1/window"};
constexpr Unit per_second{.name = "1/s", .rate_s = 1, .suffix = "/s"};
constexpr Unit per_cpu_hour{.name = "1/(CPU h)", .rate_s = 3600, .suffix = "/h"};
constexpr Unit us_per_s{.name = "us/s", .suffix = "us/s"};
constexpr Unit ns{.name = "ns", .ns = 1}, us{.name = "us", .ns = 1e3}, s{.name = "s", .ns = 1e9};
}  // namespace units

constexpr int kTailFromUs = 10;
constexpr double kTailFromShare = 0.9999;

std::vector<std::string> words_in(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

void fill_in(std::string& text, std::string_view place, const std::string& word) {
  if (const auto at = text.find(place); at != std::string::npos)
    text.replace(at, place.size(), word);
}

MetricInfo member(MetricInfo info, const std::string& name, std::string_view place,
                  const std::string& word, bool before_tail) {
  info.name = name;
  fill_in(info.row_label, place, word);
  fill_in(info.summary, place, word);
  info.before_tail = before_tail;
  return info;
}

void add(const char*, MetricInfo info, std::vector<MetricInfo>& out) {
  out.push_back(std::move(info));
}

void add(const ThresholdMetrics& family, const MetricInfo& info, std::vector<MetricInfo>& out) {
  for (const int us : kThresholdsUs)
    out.push_back(member(info, family.over(us), "{us}", std::to_string(us), us < kTailFromUs));
}

void add(const PercentileMetrics& family, const MetricInfo& info, std::vector<MetricInfo>& out) {
  for (const auto& percentile : kPercentiles)
    out.push_back(member(info, family.at(percentile), "{percent}", percentile.shown + 1,
                         percentile.share < kTailFromShare));
}

std::vector<MetricInfo> make_list() {
  std::vector<MetricInfo> out;
#define METRIC(metric, unit, direction, statistic, section, row_label, emulated, axis, source, \
               labels, summary)                                                                \
  add(metrics::metric,                                                                         \
      MetricInfo{#metric, units::unit.name, &units::unit, Direction::direction,                \
                 Statistic::statistic, Section::section, row_label, Emulated::emulated,        \
                 Axis::axis, Source::source, words_in(labels), summary, false},                \
      out);
#define THRESHOLDS METRIC
#define PERCENTILES METRIC
#include "analysis/model/metrics.def"
  return out;
}

}  // namespace

const char* to_string(Direction direction) {
  switch (direction) {
    case Direction::lower_is_better: return "lower_is_better";
    case Direction::higher_is_better: return "higher_is_better";
    case Direction::none: return "none";
  }
  return "none";
}

const char* to_string(Statistic statistic) {
  switch (statistic) {
    case Statistic::value: return "value";
    case Statistic::count: return "count";
    case Statistic::maximum: return "maximum";
    case Statistic::shown: return "shown";
    case Statistic::own: return "own";
  }
  return "own";
}

const std::vector<MetricInfo>& all_metrics() {
  static const std::vector<MetricInfo> kList = make_list();
  return kList;
}

const MetricInfo* find_metric_info(std::string_view name) {
  const auto& list = all_metrics();
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& info) { return info.name == name; });
  return found == list.end() ? nullptr : &*found;
}

std::string ThresholdMetrics::over(int us) const { return fmt::format("{}_{}us", name, us); }

std::string PercentileMetrics::at(const Percentile& percentile) const {
  return fmt::format("{}_{}", name, percentile.word);
}

LengthMetrics length_metrics(bool wakeups) {
  if (wakeups) return {metrics::wakeups_over, metrics::wakeup, metrics::wakeup_max};
  return {metrics::gaps_over, metrics::gap, metrics::gap_max};
}

}  // namespace isolab
