// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/emulation.h"

#include "analysis/model/metric_list.h"

namespace isolab {

std::string emulation_of(const Facts& facts) {
  const auto found = facts.find("cpu.emulated");
  if (found == facts.end() || !found->second.starts_with("yes")) return {};
  return "emulated CPU: its times are an artefact of emulation";
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
    if (info.emulated != Emulated::withheld) continue;
    for (const auto& arm : recording.plan.arms) {
      std::erase_if(out, [&](const Metric& metric) {
        const auto label = metric.labels.find("arm");
        return metric.name == info.name && label != metric.labels.end() &&
               label->second == arm.name;
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
