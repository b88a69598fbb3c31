// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/benchmarks.h"

#include <algorithm>
#include <string_view>

#include "analysis/metrics/rates.h"
#include "analysis/model/metric_list.h"
#include "analysis/model/page_cost.h"
#include "base/text.h"
#include "base/warnings.h"

namespace isolab {
namespace {

constexpr const char* kArm = "benchmarks";
constexpr std::string_view kPrefix = "not applicable: ";  // as the ladder skips

/// What all files say of one benchmark, the files kept apart.
struct Pooled {
  std::string name, parameters;
  std::vector<std::vector<double>> times;
  std::map<std::string, std::vector<std::vector<double>>> counters;
  double seconds = 0;
  std::string error;
};

std::vector<Pooled> pool(const std::vector<BenchmarkFile>& files) {
  std::vector<Pooled> out;
  for (const auto& file : files)
    for (const auto& run : file.runs) {
      auto place = std::find_if(out.begin(), out.end(), [&](const Pooled& one) {
        return one.name == run.name && one.parameters == run.parameters;
      });
      if (place == out.end()) place = out.insert(place, {run.name, run.parameters, {}, {}, 0, ""});
      if (!run.error.empty()) place->error = run.error;
      if (!run.times_ns.empty()) place->times.push_back(run.times_ns);
      for (const auto& [name, values] : run.counters) place->counters[name].push_back(values);
      place->seconds += run.seconds;
    }
  return out;
}

/// Repetitions of the only session, or one value of each of several.
std::vector<double> replicates(const std::vector<std::vector<double>>& sessions) {
  if (sessions.size() == 1) return sessions.front();
  std::vector<double> out;
  for (const auto& session : sessions)
    if (const auto estimate = median_estimate(session)) out.push_back(estimate->value);
  return out;
}

Metric metric_of(const std::string& name, Labels labels, const std::vector<double>& values,
                 double seconds) {
  Metric out = make_metric(name, std::move(labels));
  const auto estimate = median_estimate(values);
  if (!estimate) return out;
  out.value = estimate->value;
  out.lower95 = estimate->lower95;
  out.upper95 = estimate->upper95;
  out.repeat_min = estimate->least;
  out.repeat_max = estimate->most;
  out.repeats = estimate->repeats;
  out.n = values.size();
  out.exposure_s = seconds;
  return out;
}

}  // namespace

void add_benchmark_metrics(const std::vector<BenchmarkFile>& files, std::vector<Metric>& out) {
  for (const auto& pooled : pool(files)) {
    const Labels labels{{"arm", kArm}, {"benchmark", pooled.name}, {"case", pooled.parameters}};
    if (pooled.times.empty()) {
      const std::string reason =
          pooled.error.starts_with(kPrefix) ? pooled.error.substr(kPrefix.size()) : pooled.error;
      out.push_back(not_applicable(metrics::benchmark_time, labels, reason));
      continue;
    }
    out.push_back(
        metric_of(metrics::benchmark_time, labels, replicates(pooled.times), pooled.seconds));
    for (const auto& [counter, sessions] : pooled.counters) {
      Labels named = labels;
      named["counter"] = counter;
      out.push_back(
          metric_of(metrics::benchmark_counter, named, replicates(sessions), pooled.seconds));
    }
  }
}

std::vector<Warning> benchmark_warnings(const std::vector<BenchmarkFile>& files) {
  std::string debug;
  for (const auto& file : files)
    if (file.debug_build) append_item(debug, ", ", file.file);
  if (debug.empty()) return {};
  return {
      make_warning(WarningId::benchmark_debug_build, debug + ": library_build_type is \"debug\"")};
}

}  // namespace isolab
