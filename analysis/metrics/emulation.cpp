// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/emulation.h"

#include <algorithm>

#include "analysis/model/metric_list.h"

namespace isolab {
namespace {

/// Metrics that without_times() leaves no data for.
bool is_withheld(const MetricInfo& info) {
  constexpr const char* kCounts[] = {"gaps_over_",     "wakeups_over_", "missed_periods",
                                     "explained_gaps", "cpu_time",      "loop_"};
  return info.unit == "us" || info.unit == "us/s" || info.unit == "s" || info.unit == "ns" ||
         info.name.ends_with("_time") ||
         std::any_of(std::begin(kCounts), std::end(kCounts),
                     [&](const char* prefix) { return info.name.starts_with(prefix); });
}

}  // namespace

std::string emulation_of(const Facts& facts) {
  const auto found = facts.find("cpu.emulated");
  if (found == facts.end() || !found->second.starts_with("yes")) return {};
  return "emulated CPU: its times are the emulator's";
}

Recording without_times(Recording recording) {
  for (auto& window : recording.windows) {
    window.probe.cpus.clear();
    window.probe.kind.clear();
    window.cpu_times.clear();
    for (auto& work : window.work) {
      work.user_seconds = work.system_seconds = 0;
      for (auto* counts : {&work.at_warmup, &work.at_start, &work.at_end})
        std::erase_if(*counts, [](const auto& count) { return count.first.ends_with("_ns"); });
    }
  }
  return recording;
}

void add_withheld_metrics(const Recording& recording, const std::string& why,
                          std::vector<Metric>& out) {
  for (const auto& info : all_metrics()) {
    if (!is_withheld(info)) continue;
    for (const auto& arm : recording.plan.arms) {
      std::erase_if(out, [&](const Metric& one) {
        const auto label = one.labels.find("arm");
        return one.name == info.name && label != one.labels.end() && label->second == arm.name;
      });
      Metric metric;
      metric.name = info.name;
      metric.labels = {{"arm", arm.name}, {"cpu", "all"}};
      metric.not_applicable = why;
      out.push_back(std::move(metric));
    }
  }
}

}  // namespace isolab
