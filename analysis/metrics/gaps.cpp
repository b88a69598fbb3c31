// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/gaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "analysis/metrics/rates.h"
#include "analysis/model/metric_list.h"
#include "analysis/model/probe_data.h"
#include "analysis/model/windows.h"
#include "analysis/statistics/counts.h"

namespace isolab {
namespace {

std::map<int, std::vector<Heard>> by_repeat(const std::vector<Heard>& all) {
  std::map<int, std::vector<Heard>> out;
  for (const auto& part : all) out[part.repeat()].push_back(part);
  return out;
}

double observed_seconds(const std::vector<Heard>& all) {
  double sum = 0;
  for (const auto& part : all) sum += part.seconds();
  return sum;
}

double total_lost_us_per_s(const std::vector<Heard>& all) {
  double lost = 0;
  for (const auto& part : all) lost += part.lost_seconds();
  return lost * 1e6 / observed_seconds(all);
}

double longest_of(const std::vector<Heard>& all) {
  double longest = 0;
  for (const auto& part : all) longest = std::max(longest, part.longest_us());
  return longest;
}

/// Whether an imported file's: it names what is missing; with isolab's own probes nothing is.
bool of_a_file(const Heard& heard) {
  const auto found = heard.notes().lower_bound(kLacksNote);
  return found != heard.notes().end() && found->first.starts_with(kLacksNote);
}

/// The metrics of one CPU, or of all, in one arm.
class GapMetrics {
 public:
  GapMetrics(std::vector<Heard> heard, Labels labels, std::string kind, std::vector<Metric>& out)
      : heard_(std::move(heard)), labels_(std::move(labels)), kind_(std::move(kind)), out_(out) {}

  void add_all() {
    const bool gap = kind_ == "gap";
    const LengthMetrics lengths = length_metrics(!gap);
    add_counts(lengths.counts);
    add_quantiles(lengths.percentiles, &ProbeCpu::histogram);
    add_longest(lengths.longest);
    if (gap) {
      add_lost();
      if (!of_a_file(heard_.front())) add_loop_numbers();
    } else {
      add_quantiles(metrics::wakeup_corrected, &ProbeCpu::corrected);
      add_missed_periods();
    }
  }

 private:
  /// The first reason why a file does not have this; empty: every file has it.
  std::string lacks(const char* topic) const {
    for (const auto& one : heard_)
      if (auto why = one.lacks(topic); !why.empty()) return why;
    return {};
  }

  Metric& add(Metric metric) {
    metric.repeats = static_cast<int>(by_repeat(heard_).size());
    metric.exposure_s = observed_seconds(heard_);
    return out_.emplace_back(std::move(metric));
  }

  void add_counts(const ThresholdMetrics& counts) {
    const std::string no_time = lacks(missing::kTime);
    for (const int us : kThresholdsUs) {
      const auto ns = static_cast<std::uint64_t>(us) * 1000;
      std::string unknown = no_time;
      std::vector<Counted> parts;
      for (const auto& heard : heard_) {
        if (unknown.empty()) unknown = heard.unknown_over(ns);
        parts.push_back({heard.count_over(ns), heard.seconds(), heard.repeat()});
      }
      if (unknown.empty())
        out_.push_back(counted_rate(counts.over(us), labels_, parts, kHour));
      else
        add(not_applicable(counts.over(us), labels_, unknown));
    }
  }

  /// Why the quantile is not known; empty: it is. What a file gives no length of may be anywhere
  /// above the end of its histogram.
  std::string in_overflow(const Percentile& percentile, const Histogram& all) const {
    std::uint64_t samples = 0;
    std::optional<double> from_us;
    for (const auto& one : heard_) {
      samples += one.overflow();
      if (const auto from = one.overflow_from())
        from_us = std::min(from_us.value_or(one.microseconds(*from)), one.microseconds(*from));
    }
    if (!from_us || heard_.front().microseconds(all.quantile(percentile.share)) < *from_us)
      return {};
    return fmt::format(
        "{} lies in the overflow: {} of {} samples are at least {:.6g} us long, and "
        "the file does not say how long",
        percentile.shown, samples, all.total(), *from_us);
  }

  std::string unknown_quantile(const Percentile& percentile, const Histogram& all,
                               Histogram ProbeCpu::*which) const {
    auto why = lacks(which == &ProbeCpu::corrected ? missing::kCorrected : missing::kPercentiles);
    if (!why.empty()) return why;
    if (!carries_quantile(all.total(), percentile.share))
      return fmt::format("{} samples are too few", all.total());
    return in_overflow(percentile, all);
  }

  /// The tick rates of an arm's windows differ by less than their calibration's few ppm, so the
  /// histograms are summed in ticks and read through the first line.
  void add_quantiles(const PercentileMetrics& percentiles, Histogram ProbeCpu::*which) {
    Histogram all;
    for (const auto& part : heard_) all.merge(part.cpu().*which);
    const std::uint64_t samples = all.total();
    const auto repeats = by_repeat(heard_);
    std::vector<Histogram> each;
    for (const auto& [repeat, parts] : repeats) {
      each.emplace_back();
      for (const auto& part : parts) each.back().merge(part.cpu().*which);
    }
    for (const auto& percentile : kPercentiles) {
      const std::string name = percentiles.at(percentile);
      if (auto why = unknown_quantile(percentile, all, which); !why.empty()) {
        add(not_applicable(name, labels_, std::move(why)));
        continue;
      }
      Metric metric = make_metric(name, labels_);
      metric.value = length_of(all.quantile(percentile.share), heard_, which);
      metric.n = samples;
      Spread spread;
      for (const auto& histogram : each)
        if (carries_quantile(histogram.total(), percentile.share) &&
            in_overflow(percentile, histogram).empty())
          spread.add(length_of(histogram.quantile(percentile.share), heard_, which));
      spread.put_into(metric);
      add(std::move(metric));
    }
  }

  /// A quantile is its bucket's upper edge, but never longer than what was longest.
  static double length_of(std::uint64_t ticks, const std::vector<Heard>& heard,
                          Histogram ProbeCpu::*which) {
    const double edge = heard.front().microseconds(ticks);
    return which == &ProbeCpu::histogram ? std::min(edge, longest_of(heard)) : edge;
  }

  void add_longest(const std::string& name) {
    const double seen_from = probe_number(heard_.front().cpu(), kSeenFrom, 0);
    if (seen_from > 0 && longest_of(heard_) == 0) {
      add(not_applicable(name, labels_,
                         fmt::format("none of {:.6g} us or more was seen, which is all the tool "
                                     "records",
                                     seen_from * 1e6 / heard_.front().line().ticks_per_second())));
      return;
    }
    Metric metric = make_metric(name, labels_);
    metric.value = longest_of(heard_);
    for (const auto& part : heard_) metric.n += part.cpu().histogram.total();
    Spread spread;
    for (const auto& [repeat, parts] : by_repeat(heard_)) spread.add(longest_of(parts));
    spread.put_into(metric);
    add(std::move(metric));
  }

  void add_lost() {
    for (const char* topic : {missing::kTimeLost, missing::kTime})
      if (auto why = lacks(topic); !why.empty()) {
        add(not_applicable(metrics::time_lost, labels_, std::move(why)));
        return;
      }
    Metric metric = make_metric(metrics::time_lost, labels_);
    metric.value = total_lost_us_per_s(heard_);
    for (const auto& part : heard_) metric.n += part.cpu().gaps.size() + part.cpu().gaps_dropped;
    Spread spread;
    for (const auto& [repeat, parts] : by_repeat(heard_)) spread.add(total_lost_us_per_s(parts));
    spread.put_into(metric);
    add(std::move(metric));
  }

  void add_loop_numbers() {
    double floor_ns = 0;
    double tick_ns = 0;
    double wall_error = 0;
    std::uint64_t iterations = 0;
    std::uint64_t dropped = 0;
    for (const auto& part : heard_) {
      floor_ns = std::max(floor_ns, probe_number(part.cpu(), "floor_ns", 0));
      tick_ns = std::max(tick_ns, probe_number(part.cpu(), "tick_ns", 0));
      wall_error = std::max(wall_error, std::abs(probe_number(part.cpu(), "wall_error_ppm", 0)));
      iterations += part.cpu().histogram.total();
      dropped += part.cpu().gaps_dropped;
    }
    add(make_metric(metrics::loop_floor, labels_)).value = floor_ns;
    if (tick_ns > 0) add(make_metric(metrics::counter_tick, labels_)).value = tick_ns;
    add(make_metric(metrics::loop_iterations, labels_)).value = static_cast<double>(iterations);
    out_.back().n = iterations;
    add(make_metric(metrics::gaps_dropped, labels_)).value = static_cast<double>(dropped);
    out_.back().n = dropped;
    add(make_metric(metrics::wall_error, labels_)).value = wall_error;
  }

  void add_missed_periods() {
    std::vector<Counted> parts;
    for (const auto& heard : heard_) {
      if (!heard.cpu().numbers.contains("missed_periods")) return;
      const double missed = std::clamp(probe_number(heard.cpu(), "missed_periods", 0), 0.0, 1e18);
      parts.push_back({static_cast<std::uint64_t>(missed), heard.seconds(), heard.repeat()});
    }
    out_.push_back(counted_rate(metrics::missed_periods, labels_, parts, kHour));
  }

  std::vector<Heard> heard_;
  Labels labels_;
  std::string kind_;
  std::vector<Metric>& out_;
};

}  // namespace

void add_gap_metrics(const ArmWindows& arm, const CpuSet& measured, std::vector<Metric>& out) {
  const auto add = [&](int cpu) {
    auto heard = heard_on(arm, cpu);
    if (heard.empty()) return;
    const Labels labels{{"arm", arm.name}, {"cpu", cpu < 0 ? "all" : std::to_string(cpu)}};
    const std::string kind = arm.windows.front()->probe.kind;
    GapMetrics(std::move(heard), labels, kind, out).add_all();
  };
  for (const int cpu : measured) add(cpu);
  add(-1);
  if (heard_on(arm, -1).empty() || of_a_file(heard_on(arm, -1).front())) return;
  double drift = 0;
  for (const auto* window : arm.windows)
    drift = std::max(drift, std::abs(window->probe.line.drift_ppm));
  Metric metric = make_metric(metrics::clock_drift, {{"arm", arm.name}});
  metric.value = drift;
  metric.repeats = static_cast<int>(arm.windows.size());
  out.push_back(std::move(metric));
}

}  // namespace isolab
