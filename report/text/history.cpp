// SPDX-License-Identifier: Apache-2.0
#include "report/text/history.h"

#include <fmt/format.h>

#include <map>

namespace isolab {
namespace {

std::string series_name(const HistoryPoint& point) {
  std::string name =
      fmt::format("{} {} on {}", point.recording.profile,
                  point.recording.profile_hash.substr(0, 12), point.recording.machine);
  for (const auto& [label, word] : point.metric.labels) name += fmt::format(", {} {}", label, word);
  return name;
}

}  // namespace

std::vector<HistorySeries> history_series(const std::vector<HistoryPoint>& points) {
  std::vector<HistorySeries> out;
  std::map<std::string, std::size_t> places;
  for (const auto& point : points) {
    const auto name = series_name(point);
    const auto [place, is_new] = places.try_emplace(name, out.size());
    if (is_new) out.push_back({name, {}});
    out[place->second].points.push_back(point);
  }
  return out;
}

TextTable history_table(const HistorySeries& series) {
  TextTable table({"started", "value", "[95 %]", "n", "<kernel", "<recording"}, 21);
  for (const auto& point : series.points) {
    Metric metric;
    metric.value = point.metric.value;
    metric.lower95 = point.metric.lower95;
    metric.upper95 = point.metric.upper95;
    metric.n = point.metric.n;
    table.row({point.recording.started_utc, rate_text(&metric), interval_text(&metric),
               std::to_string(point.metric.n), point.recording.kernel, point.recording.place});
  }
  return table;
}

std::string history_title(const MetricInfo& metric) {
  const auto unit = metric.unit == "1" ? "" : fmt::format(" ({})", metric.unit);
  return fmt::format("{}{}: {}", metric.name, unit, metric.summary);
}

std::string render_history(const MetricInfo& metric, const std::vector<HistorySeries>& series) {
  std::string out = wrapped("", 2, history_title(metric));
  for (const auto& line : series)
    out += '\n' + ascii(line.name) + '\n' + history_table(line).text();
  return out;
}

}  // namespace isolab
