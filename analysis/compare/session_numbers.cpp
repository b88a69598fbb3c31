// SPDX-License-Identifier: Apache-2.0
#include "analysis/compare/session_numbers.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/metrics/emulation.h"
#include "analysis/model/metric_list.h"
#include "analysis/model/windows.h"

namespace isolab {
namespace {

constexpr const char* kAllCpus = "all";

/// A workload's own stopwatch: time_per_page and its like say what it is for.
bool is_stopwatch(const Metric& metric) {
  const auto count = metric.labels.find("count");
  return count != metric.labels.end() && count->second.ends_with("_ns");
}

MetricKey key_of(const std::string& name, std::map<std::string, std::string> labels,
                 const std::string& arm) {
  if (!arm.empty()) labels.erase("arm");
  return {name, std::move(labels)};
}

/// Sums over the traced CPUs of an arm.
struct CauseSum {
  double lost_us = 0;
  std::uint64_t queued = 0, ran = 0, gaps = 0;
};

std::map<std::string, double> traced_seconds(const Findings& findings) {
  std::map<std::string, double> out;
  for (const auto& cpu : findings.interruptions.cpus) out[cpu.arm] += cpu.exposure_s;
  return out;
}

/// How long the session watched the rows of this key's arm; 0: not at all.
double seconds_of_rows(const SessionNumbers& numbers, MetricKey key) {
  key.labels["row"].clear();
  const auto near = numbers.lower_bound(key);
  if (near == numbers.end() || near->first.name != key.name) return 0;
  auto found = near->first.labels;
  found["row"].clear();
  return found == key.labels ? near->second.exposure_s : 0;
}

void add_causes(const Findings& findings, const std::string& arm, SessionNumbers& out) {
  std::map<std::map<std::string, std::string>, CauseSum> sums;
  for (const auto& cpu : findings.interruptions.cpus) {
    if (!arm.empty() && cpu.arm != arm) continue;
    for (const auto& cause : cpu.causes) {
      // Which task was chosen to run differs from session to session; that one was, is the number.
      const bool task = cause.name.kind == CauseKind::other_task;
      auto& sum = sums[{{"arm", cpu.arm},
                        {"cpu", kAllCpus},
                        {"class", cause.name.klass + "/" + cause.name.subclass},
                        {"callback", task ? "other tasks" : cause.name.what}}];
      sum.queued += cause.name.kind == CauseKind::reschedule ? 0 : cause.sends;
      sum.ran += cause.name.kind == CauseKind::reschedule ? cause.ipis : cause.callbacks;
      sum.gaps += cause.gaps;
      sum.lost_us += cause.lost_us;
    }
  }
  const auto seconds = traced_seconds(findings);
  const auto lossy = lossy_arms(findings);
  for (const auto& entry : sums) {  // named members: clang 14 captures no structured bindings
    const auto& labels = entry.first;
    const auto& sum = entry.second;
    const double exposure = seconds.at(labels.at("arm"));
    if (exposure <= 0) continue;
    const auto add = [&](const char* name, double value, std::uint64_t n) {
      out[key_of(name, labels, arm)] = {value, n, exposure, lossy.contains(labels.at("arm"))};
    };
    if (sum.queued > 0)
      add(metrics::calls_queued, static_cast<double>(sum.queued) * kHour / exposure, sum.queued);
    add(metrics::interruptions, static_cast<double>(sum.ran) * kHour / exposure, sum.ran);
    add(metrics::interruption_time, sum.lost_us / exposure, sum.gaps);
  }
}

}  // namespace

SessionNumbers session_numbers(const Findings& findings, const std::string& arm) {
  std::set<std::string> summed;  // names that have a number of all CPUs
  for (const auto& metric : findings.metrics) {
    const auto cpu = metric.labels.find("cpu");
    if (cpu != metric.labels.end() && cpu->second == kAllCpus) summed.insert(metric.name);
  }
  SessionNumbers out;
  const bool emulated = !emulation_of(findings.facts).empty();
  std::map<MetricKey, int> parts;  // CPUs averaged into a number
  const auto lossy = lossy_arms(findings);
  for (const auto& metric : findings.metrics) {
    const auto* info = find_metric_info(metric.name);
    // analyse() leaves no other value; a program's own findings might.
    if (!metric.value || !std::isfinite(*metric.value) || !std::isfinite(metric.exposure_s))
      continue;
    if (info == nullptr || info->statistic == Statistic::own || is_stopwatch(metric)) continue;
    if (info->source == Source::causes) continue;  // summed below
    if (emulated && info->emulated != Emulated::kept) continue;
    auto labels = metric.labels;
    if (!arm.empty() && labels["arm"] != arm) continue;
    const bool of_lossy_trace = info->source == Source::trace && lossy.contains(labels["arm"]);
    const auto cpu = labels.find("cpu");
    if (cpu != labels.end() && cpu->second != kAllCpus && cpu->second != "housekeeping") {
      if (summed.contains(metric.name)) continue;
      cpu->second = kAllCpus;
    }
    const MetricKey key = key_of(metric.name, labels, arm);
    auto& number = out[key];
    const double part = ++parts[key];
    number.value += (*metric.value - number.value) / part;
    number.n += metric.n;
    number.exposure_s += metric.exposure_s;
    number.lossy = number.lossy || of_lossy_trace;
  }
  add_causes(findings, arm, out);
  return out;
}

void add_call_names(const Findings& findings, CallNames& names) {
  for (const auto& cpu : findings.interruptions.cpus)
    for (const auto& cause : cpu.causes)
      if (cause.name.kind == CauseKind::remote_call)
        names.insert({cause.name.klass + "/" + cause.name.subclass, cause.name.what});
}

std::set<std::string> lossy_arms(const Findings& findings) {
  std::set<std::string> out;
  for (const auto& window : findings.interruptions.windows)
    if (window.lost > 0 || window.faulty_pages > 0) out.insert(window.arm);
  return out;
}

bool has_unnamed_calls(const Findings& findings, const std::string& arm) {
  // Level A sees every function; an IPI without one finds its queue emptied by the one before.
  const bool sees_all =
      std::all_of(findings.interruptions.windows.begin(), findings.interruptions.windows.end(),
                  [&](const auto& window) {
                    return window.level == "A" || (!arm.empty() && window.arm != arm);
                  });
  if (sees_all) return false;
  for (const auto& cpu : findings.interruptions.cpus)
    for (const auto& cause : cpu.causes)
      if ((arm.empty() || cpu.arm == arm) && cause.name.kind == CauseKind::silent_ipi) return true;
  return false;
}

void fill_zeros(std::vector<SessionNumbers>& all, const std::vector<const Findings*>& sessions,
                const std::string& arm, const std::vector<MetricKey>& keys,
                const CallNames& calls) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto seconds = traced_seconds(*sessions[i]);
    const auto lossy = lossy_arms(*sessions[i]);
    for (const auto& key : keys) {
      if (all[i].contains(key)) continue;
      double looked = 0;
      bool lost = false;
      const Source source = find_metric_info(key.name)->source;
      if (source == Source::causes) {
        const auto label = key.labels.find("arm");
        const auto& of = label == key.labels.end() ? arm : label->second;
        const auto traced = seconds.find(of);
        lost = lossy.contains(of);
        if (traced != seconds.end()) looked = traced->second;
        if (calls.contains({key.labels.at("class"), key.labels.at("callback")}) &&
            has_unnamed_calls(*sessions[i], of))
          looked = 0;
      } else if (source == Source::rows) {
        looked = seconds_of_rows(all[i], key);
      }
      if (looked > 0) all[i][key] = {0, 0, looked, lost};
    }
  }
}

}  // namespace isolab
