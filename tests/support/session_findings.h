// SPDX-License-Identifier: Apache-2.0
// Findings of sessions made by hand or by chance, for comparisons: one CPU, one arm or several.
#pragma once

#include <fmt/format.h>

#include <cmath>

#include "analysis/model/findings.h"
#include "analysis/statistics/random.h"

namespace isolab::test {

inline Metric value_metric(std::string name, std::map<std::string, std::string> labels,
                           double value) {
  Metric out;
  out.name = std::move(name);
  out.labels = std::move(labels);
  out.value = value;
  out.n = 1000;
  out.exposure_s = 3600;
  return out;
}

inline Metric count_metric(std::string name, std::map<std::string, std::string> labels,
                           std::uint64_t count, double per = 3600) {
  Metric out = value_metric(std::move(name), std::move(labels), static_cast<double>(count));
  out.value = static_cast<double>(count) * per / 3600;
  out.n = count;
  return out;
}

/// An empty session of one hour in these arms.
inline Findings empty_session(const std::vector<std::string>& arms = {"load"}) {
  Findings out;
  out.isolab_version = "0.1.0";
  out.status = "complete";
  out.profile = "hand";
  out.question = "is patched better?";
  out.profile_hash = "0123456789abcdef0123456789abcdef";
  out.command_line = {"isolab", "run", "profiles/hand.yaml"};
  out.probe = "busy_loop";
  out.probe_kind = "gap";
  out.measured = "1";
  out.housekeeping = "0";
  out.measured_isolated = true;
  out.repeats = 2;
  out.measure_s = 1800;
  out.warmup_s = 1;
  out.facts = {{"cpu.model", "Hand Made CPU"},
               {"cpu.online", "0-1"},
               {"cpu.hypervisor", "none"},
               {"kernel.release", "6.12.1"},
               {"kernel.command_line", "isolcpus=1 nohz_full=1"}};
  for (const auto& arm : arms) {
    ArmSummary one;
    one.name = arm;
    one.idle = arm == "idle";
    if (!one.idle) one.workloads = {"hackbench"};
    one.windows = 2;
    one.exposure_s = 3600;
    out.arms.push_back(one);
  }
  return out;
}

inline double normal(Random& random) {
  return std::sqrt(-2 * std::log(random.unit())) * std::cos(2 * M_PI * random.unit());
}

/// Events of `rate` in bursts of `size` on average, times a factor of the whole session.
inline std::uint64_t bursts(Random& random, double rate, double size) {
  std::uint64_t out = 0;
  for (double time = -std::log(random.unit()); time < rate / size; time += -std::log(random.unit()))
    out += 1 + static_cast<std::uint64_t>(-std::log(random.unit()) * (size - 1));
  return out;
}

/// A session of many metrics: skewed values with an effect of the session, bursty and rare counts.
/// `change` multiplies those of every tenth metric.
inline Findings random_session(Random& random, int metrics, double change = 1) {
  Findings out = empty_session();
  const double of_session = std::exp(0.05 * normal(random));  // shared by all metrics of a boot
  for (int i = 0; i < metrics; ++i) {
    const double factor = i % 10 == 0 ? change : 1;
    const auto word = fmt::format("m{:03}", i);
    const double level = std::pow(10.0, i % 4) * of_session * factor;
    if (i % 2 == 0)
      out.metrics.push_back(value_metric("workload_system_time",
                                         {{"arm", "load"}, {"workload", word}},
                                         level * std::exp(0.1 * normal(random))));
    else
      out.metrics.push_back(count_metric("interrupts_per_second",
                                         {{"arm", "load"}, {"cpu", "all"}, {"row", word}},
                                         bursts(random, 0.3 * level, 1 + i % 5), 1));
  }
  return out;
}

}  // namespace isolab::test
