// SPDX-License-Identifier: Apache-2.0
// What the charts of a comparison draw: pooled lines with the range of their sessions.
#include "analysis/compare/group_series.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "analysis/compare/session_numbers.h"
#include "analysis/model/comparison.h"
#include "analysis/model/windows.h"
#include "base/text.h"

namespace isolab {
namespace {

constexpr int kPointsPerDecade = 20;
constexpr int kMostPoints = 20 * kPointsPerDecade;  // 1e20 us

/// How many per CPU-hour are at least `x` long: a step down after each point.
double at_least(const std::vector<Point>& ccdf, double x) {
  const auto found =
      std::lower_bound(ccdf.begin(), ccdf.end(), x,
                       [](const Point& point, double wanted) { return point.x < wanted; });
  return found == ccdf.end() ? 0 : found->y;
}

const ArmSeries* series_of(const Findings& findings, const std::string& arm) {
  for (const auto& series : findings.series.arms)
    if (series.arm == arm) return &series;
  return nullptr;
}

double heard_seconds(const Findings& findings, const std::string& arm) {
  for (const auto& summary : findings.arms)
    if (summary.name == arm) return summary.exposure_s;
  return 0;
}

std::vector<BandPoint> band(const std::vector<const Findings*>& sessions, const std::string& arm) {
  double longest = 0;
  for (const auto* findings : sessions)
    if (const auto* series = series_of(*findings, arm); series != nullptr && !series->ccdf.empty())
      longest = std::max(longest, series->ccdf.back().x);
  std::vector<BandPoint> out;
  if (longest <= 0) return out;
  for (int i = 0; i < kMostPoints; ++i) {
    BandPoint point;
    point.x_us = std::pow(10.0, static_cast<double>(i) / kPointsPerDecade);
    point.lowest = INFINITY;
    double events = 0;
    double hours = 0;
    for (const auto* findings : sessions) {
      const auto* series = series_of(*findings, arm);
      if (series == nullptr || series->ccdf.empty()) continue;
      const double rate = at_least(series->ccdf, point.x_us);
      const double heard = heard_seconds(*findings, arm) / kHour;
      events += rate * heard;
      hours += heard;
      point.lowest = std::min(point.lowest, rate);
      point.highest = std::max(point.highest, rate);
    }
    if (events <= 0 || hours <= 0) break;
    point.per_cpu_hour = events / hours;
    out.push_back(point);
    if (point.x_us > longest) break;
  }
  return out;
}

std::map<std::string, double> ipi_classes(const std::vector<const Findings*>& sessions,
                                          const std::string& arm) {
  std::map<std::string, double> ipis;
  double seconds = 0;
  // Like the table: sessions whose trace lost events only where there are no others.
  const auto lossy = [&](const Findings* session) { return lossy_arms(*session).contains(arm); };
  const bool all_lossy = std::all_of(sessions.begin(), sessions.end(), lossy);
  for (const auto* findings : sessions) {
    if (!all_lossy && lossy(findings)) continue;
    for (const auto& cpu : findings->interruptions.cpus) {
      if (cpu.arm != arm) continue;
      seconds += cpu.exposure_s;
      for (const auto& cause : cpu.causes)
        if (cause.ipis > 0) ipis[cause.name.klass] += static_cast<double>(cause.ipis);
    }
  }
  for (auto& [klass, count] : ipis) count *= kHour / seconds;
  return ipis;
}

GroupSeries series_of_arm(const SessionGroup& group, const std::string& arm) {
  GroupSeries out;
  out.group = group.name;
  out.arm = arm;
  out.ccdf = band(group.sessions, arm);
  out.histogram.assign(Series::kHistogramBins, 0);
  out.ipi_classes = ipi_classes(group.sessions, arm);
  for (std::size_t i = 0; i < group.sessions.size(); ++i) {
    const auto& findings = *group.sessions[i];
    out.exposure_s += heard_seconds(findings, arm);
    const auto* series = series_of(findings, arm);
    if (series == nullptr) continue;
    for (std::size_t bin = 0; bin < series->histogram.size(); ++bin)
      out.histogram[bin] += series->histogram[bin];
    out.histogram_overflow += series->histogram_overflow;
    if (!out.tracks.empty()) continue;  // the first session's timeline stands for all
    out.timeline_of = group.places[i];
    for (const auto& track : findings.series.tracks)
      if (track.arm == arm) out.tracks.push_back(track);
  }
  return out;
}

/// "build cpus=4 x=y" -> "build x=y", "cpus", 4: the first axis with a plain number.
struct AxisName {
  std::string prefix, axis;
  double x = 0;
};

std::optional<AxisName> axis_of(const std::string& arm) {
  for (std::size_t equals = arm.find('='); equals != std::string::npos;
       equals = arm.find('=', equals + 1)) {
    const std::size_t space = arm.rfind(' ', equals);  // none: an arm of a family has only the axis
    const std::size_t begin = space == std::string::npos ? 0 : space + 1;
    const std::size_t end = std::min(arm.find(' ', equals), arm.size());
    AxisName out;
    const auto read = std::from_chars(arm.data() + equals + 1, arm.data() + end, out.x);
    if (read.ec != std::errc() || read.ptr != arm.data() + end) continue;
    out.axis = arm.substr(begin, equals - begin);
    out.prefix = arm.substr(0, begin == 0 ? 0 : space) + arm.substr(end);
    return out;
  }
  return std::nullopt;
}

}  // namespace

std::vector<GroupSeries> group_series(const std::vector<SessionGroup>& groups) {
  std::vector<GroupSeries> out;
  if (!groups.front().arm.empty()) {
    for (const auto& group : groups) out.push_back(series_of_arm(group, group.arm));
    return out;
  }
  for (const auto& arm : groups.front().sessions.front()->arms)
    for (const auto& group : groups)
      if (heard_seconds(*group.sessions.front(), arm.name) > 0)
        out.push_back(series_of_arm(group, arm.name));
  return out;
}

std::vector<ScalingLine> scaling_lines(const std::vector<ComparedMetric>& metrics,
                                       const std::vector<SessionGroup>& groups) {
  std::map<std::vector<std::string>, ScalingLine> lines;
  for (const auto& metric : metrics) {
    const auto arm = metric.key.labels.find("arm");
    if (metric.info->axis != Axis::drawn || arm == metric.key.labels.end()) continue;
    const auto axis = axis_of(arm->second);
    if (!axis) continue;
    for (std::size_t i = 0; i < metric.changes.size(); ++i) {
      const auto& change = metric.changes[i];
      if (!change.ratio || !std::isfinite(*change.ratio)) continue;
      std::string prefix = axis->prefix;
      for (const char* label : {"workload", "count"})
        if (metric.key.labels.contains(label))
          append_item(prefix, ", ", metric.key.labels.at(label));
      auto& line = lines[{metric.key.name, groups[i + 1].name, axis->axis, prefix}];
      line = {metric.key.name, groups[i + 1].name, axis->axis, prefix, std::move(line.points)};
      line.points.push_back({axis->x, *change.ratio, change.ratio_interval, arm->second});
    }
  }
  std::vector<ScalingLine> out;
  for (auto& [name, line] : lines) {
    if (line.points.size() < 2) continue;
    std::sort(line.points.begin(), line.points.end(),
              [](const auto& a, const auto& b) { return a.x < b.x; });
    out.push_back(std::move(line));
  }
  return out;
}

}  // namespace isolab
