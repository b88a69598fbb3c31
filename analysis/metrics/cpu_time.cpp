// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/cpu_time.h"

#include <algorithm>

#include "analysis/metrics/rates.h"
#include "analysis/model/metric_list.h"
#include "analysis/model/windows.h"
#include "base/counters.h"

namespace isolab {
namespace {

/// Sum and spread of something that each window has one value of.
class WindowMean {
 public:
  void add(double value, double seconds) {
    sum_ += value;
    seconds_ += seconds;
    ++windows_;
    spread_.add(value);
  }
  int windows() const { return windows_; }

  Metric metric(std::string name, Labels labels) const {
    Metric out = make_metric(std::move(name), std::move(labels));
    out.value = sum_ / windows_;
    out.exposure_s = seconds_;
    out.repeats = windows_;
    spread_.put_into(out);
    return out;
  }

 private:
  double sum_ = 0;
  double seconds_ = 0;
  int windows_ = 0;
  Spread spread_;
};

void put_all(const std::map<std::string, WindowMean>& means, const std::string& name,
             const std::string& label, const Labels& labels, std::vector<Metric>& out) {
  for (const auto& [word, mean] : means) {
    Labels all = labels;
    all[label] = word;
    out.push_back(mean.metric(name, std::move(all)));
  }
}

}  // namespace

void add_work_metrics(const ArmWindows& arm, std::vector<Metric>& out) {
  std::map<std::string, std::map<std::string, std::vector<Counted>>> counts;
  std::map<std::string, WindowMean> user;
  std::map<std::string, WindowMean> system;
  for (const auto* window : arm.windows) {
    for (const auto& work : window->work) {
      user[work.workload].add(work.user_seconds, window_seconds(*window));
      system[work.workload].add(work.system_seconds, window_seconds(*window));
      for (const auto& [count, end] : work.at_end) {
        const auto start = work.at_start.find(count);
        const std::uint64_t from = start == work.at_start.end() ? 0 : start->second;
        auto& parts = counts[work.workload][count];
        if (const auto gain = counter_gain(from, end))
          parts.push_back({*gain, window_seconds(*window), window->repeat});
      }
    }
  }
  for (const auto& [workload, named] : counts) {
    for (const auto& [count, parts] : named) {
      const Labels labels{{"arm", arm.name}, {"workload", workload}, {"count", count}};
      if (parts.empty()) {
        out.push_back(not_applicable(metrics::work_per_second, labels,
                                     "the count decreased in every window"));
        continue;
      }
      Metric metric = counted_rate(metrics::work_per_second, labels, parts, 1);
      // A paced or back-to-back loop is not a Poisson process: its spread over repeats says more.
      metric.lower95.reset();
      metric.upper95.reset();
      out.push_back(std::move(metric));
    }
  }
  put_all(user, metrics::workload_user_time, "workload", {{"arm", arm.name}}, out);
  put_all(system, metrics::workload_system_time, "workload", {{"arm", arm.name}}, out);
}

void add_time_metrics(const ArmWindows& arm, const CpuSet& measured, const CpuSet& housekeeping,
                      std::vector<Metric>& out) {
  const auto add = [&](const CpuSet& cpus, const std::string& label) {
    std::map<std::string, WindowMean> shares;
    for (const auto* window : arm.windows) {
      std::map<std::string, double> sum;
      double known = 0;
      for (const auto& time : window->cpu_times) {
        if (!cpus.contains(time.cpu)) continue;
        for (const auto& state : kCpuStates) sum[state.name] += time.*state.seconds;
        known += window_seconds(*window);
      }
      if (known <= 0) continue;
      for (const auto& [state, spent] : sum) shares[state].add(100 * spent / known, known);
    }
    put_all(shares, metrics::cpu_time, "state", {{"arm", arm.name}, {"cpu", label}}, out);
  };
  for (const int cpu : measured) add(CpuSet{cpu}, std::to_string(cpu));
  add(housekeeping, "housekeeping");
}

void add_footprint_metrics(const ArmWindows& arm, const CpuSet& measured,
                           std::vector<Metric>& out) {
  for (const int cpu : measured) {
    std::map<std::string, WindowMean> means;
    for (const auto* window : arm.windows)
      for (const auto& footprint : window->footprints)
        if (footprint.cpu == cpu)
          for (const auto& field : kFootprintCounts)
            means[field.name].add(static_cast<double>(footprint.*field.count),
                                  window_seconds(*window));
    put_all(means, metrics::footprint, "count", {{"arm", arm.name}, {"cpu", std::to_string(cpu)}},
            out);
  }
}

}  // namespace isolab
