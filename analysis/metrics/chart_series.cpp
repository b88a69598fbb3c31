// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/chart_series.h"

#include <algorithm>

#include "analysis/model/metric_list.h"
#include "analysis/model/probe_data.h"
#include "analysis/model/windows.h"

namespace isolab {
namespace {

constexpr std::size_t kPointsPerTrack = 400;

double total_seconds(const std::vector<Heard>& heard) {
  double sum = 0;
  for (const auto& part : heard) sum += part.seconds();
  return sum;
}

/// One point for each bucket in use: how many per CPU-hour are at least as long as its lower edge.
std::vector<Point> make_ccdf(const std::vector<Heard>& heard, const Histogram& all) {
  std::vector<Point> out;
  if (total_seconds(heard) <= 0) return out;
  const double per_hour = kHour / total_seconds(heard);
  std::uint64_t above = 0;
  for (std::size_t i = Histogram::kBuckets; i-- > 0;) {
    const std::uint64_t count = all.count_at(i);
    if (count == 0) continue;
    above += count;
    out.push_back(
        {heard.front().microseconds(Histogram::lowest(i)), static_cast<double>(above) * per_hour});
  }
  std::reverse(out.begin(), out.end());
  return out;
}

void fill_histogram(const std::vector<Heard>& heard, const Histogram& all, ArmSeries& out) {
  out.histogram.assign(Series::kHistogramBins, 0);
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i) {
    const std::uint64_t count = all.count_at(i);
    if (count == 0) continue;
    const std::uint64_t low = Histogram::lowest(i);
    const double middle = heard.front().microseconds(low + (Histogram::highest(i) - low) / 2);
    if (middle < static_cast<double>(Series::kHistogramBins))
      out.histogram[static_cast<std::size_t>(middle)] += count;
    else
      out.histogram_overflow += count;
  }
  for (const auto& one : heard) {
    const auto from = one.overflow_from();
    if (!from || one.microseconds(*from) >= static_cast<double>(Series::kHistogramBins)) continue;
    // Samples of unknown length are at the limit of their file's histogram, the longest where it
    // is: no bar is drawn for them.
    auto& bar = out.histogram[static_cast<std::size_t>(one.microseconds(*from))];
    const bool longest_apart = one.longest_us() > one.microseconds(*from);
    const std::uint64_t unknown = std::min(bar, one.overflow() - (longest_apart ? 1 : 0));
    bar -= unknown;
    out.histogram_overflow += unknown;
  }
}

/// At most `most` points over `seconds`: all of them, or the largest of each equal slice of time.
/// Keeps order, and never holds more.
class LargestPoints {
 public:
  LargestPoints(double seconds, std::size_t most) : seconds_(seconds), most_(most) {}
  void add(const Point& point) {
    if (++added_ <= most_) all_.push_back(point);
    const double share = std::clamp(point.x / seconds_, 0.0, 1.0);
    const auto slice =
        std::min(most_ - 1, static_cast<std::size_t>(share * static_cast<double>(most_)));
    if (largest_.empty() || slice != slice_of_last_)
      largest_.push_back(point);
    else if (point.y > largest_.back().y)
      largest_.back() = point;
    slice_of_last_ = slice;
  }
  std::vector<Point> take() { return std::move(added_ <= most_ ? all_ : largest_); }

 private:
  double seconds_;
  std::size_t most_, added_ = 0, slice_of_last_ = 0;
  std::vector<Point> all_, largest_;
};

GapTrack make_track(const std::string& arm, const Heard& heard) {
  GapTrack out;
  out.arm = arm;
  out.cpu = heard.cpu().cpu;
  out.repeat = heard.repeat();
  out.seconds = heard.seconds();
  out.gaps = heard.cpu().gaps.size() + heard.cpu().gaps_dropped;
  LargestPoints points(out.seconds, kPointsPerTrack);
  heard.cpu().gaps.for_each([&](const Gap& gap) {
    points.add(
        {heard.microseconds(gap.start - heard.cpu().start) / 1e6, heard.microseconds(gap.length)});
  });
  out.points = points.take();
  return out;
}

}  // namespace

Series make_series(const std::vector<ArmWindows>& arms, const CpuSet& measured,
                   const std::vector<Metric>& metrics) {
  Series out;
  for (const auto& arm : arms) {
    if (arm.windows.empty()) continue;
    ArmSeries series;
    series.arm = arm.name;
    const auto heard = heard_on(arm, -1);
    if (!heard.empty()) {
      Histogram all;
      for (const auto& part : heard) all.merge(part.cpu().histogram);
      series.ccdf = make_ccdf(heard, all);
      fill_histogram(heard, all, series);
    }
    for (const auto& metric : metrics)
      if (metric.name == metrics::interrupts_per_second && metric.value &&
          metric.labels.at("arm") == arm.name && metric.labels.at("cpu") == "all")
        series.interrupts[metric.labels.at("row")] = *metric.value * kHour;
    out.arms.push_back(std::move(series));
    for (const int cpu : measured)
      for (const auto& part : heard_on(arm, cpu)) out.tracks.push_back(make_track(arm.name, part));
  }
  return out;
}

}  // namespace isolab
