// SPDX-License-Identifier: Apache-2.0
#include "analysis/pooling.h"

#include <algorithm>

#include "analysis/statistics.h"

namespace isolab {

bool window_counts(const WindowRecord& window) {
  return (window.status == "complete" || window.status == "interrupted") &&
         window.end_ns > window.begin_ns;
}

std::vector<ArmWindows> pool_windows(const Recording& recording) {
  std::vector<ArmWindows> out;
  for (const auto& arm : recording.plan.arms)
    out.push_back({static_cast<int>(out.size()), arm.name, {}, 0});
  for (const auto& window : recording.windows) {
    auto& arm = out[static_cast<std::size_t>(window.arm)];
    if (window_counts(window))
      arm.windows.push_back(&window);
    else
      ++arm.left_out;
  }
  return out;
}

int idle_arm(const Recording& recording, const std::vector<ArmWindows>& arms) {
  for (const auto& pooled : arms) {
    const auto& arm = recording.plan.arms[static_cast<std::size_t>(pooled.arm)];
    const bool quiet = std::all_of(arm.workloads.begin(), arm.workloads.end(),
                                   [](const PluginUse& use) { return use.name == "idle"; });
    if (quiet && arm.settings.empty() && !pooled.windows.empty()) return pooled.arm;
  }
  return -1;
}

double window_seconds(const WindowRecord& window) {
  return static_cast<double>(window.end_ns - window.begin_ns) / 1e9;
}

Metric make_metric(std::string name, Labels labels) {
  Metric out;
  out.name = std::move(name);
  out.labels = std::move(labels);
  return out;
}

Metric not_applicable(std::string name, Labels labels, std::string reason) {
  Metric out = make_metric(std::move(name), std::move(labels));
  out.not_applicable = std::move(reason);
  return out;
}

Metric counted_rate(std::string name, Labels labels, const std::vector<Counted>& parts,
                    double per) {
  Metric out = make_metric(std::move(name), std::move(labels));
  std::map<int, Counted> repeats;
  for (const auto& part : parts) {
    out.n += part.count;
    out.exposure_s += part.seconds;
    repeats[part.repeat].count += part.count;
    repeats[part.repeat].seconds += part.seconds;
  }
  out.repeats = static_cast<int>(repeats.size());
  if (out.exposure_s <= 0) {
    out.not_applicable = "nothing was listened to";
    return out;
  }
  const double scale = per / out.exposure_s;
  out.value = static_cast<double>(out.n) * scale;
  const Interval interval = poisson_interval(out.n);
  if (out.n > 0) out.lower95 = interval.lower * scale;
  out.upper95 = interval.upper * scale;
  Spread spread;
  for (const auto& [repeat, part] : repeats)
    if (part.seconds > 0) spread.add(static_cast<double>(part.count) * per / part.seconds);
  spread.put_into(out);
  return out;
}

void Spread::add(double value) { values_.push_back(value); }

void Spread::put_into(Metric& metric) const {
  if (values_.empty()) return;
  const auto [least, most] = std::minmax_element(values_.begin(), values_.end());
  metric.repeat_min = *least;
  metric.repeat_max = *most;
}

}  // namespace isolab
