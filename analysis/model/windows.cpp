// SPDX-License-Identifier: Apache-2.0
#include "analysis/model/windows.h"

#include <algorithm>

#include "base/imported.h"

namespace isolab {

bool window_counts(const WindowRecord& window) {
  // An imported one may not say how long it was; its counts are whole all the same.
  return (window.status == "complete" || window.status == "interrupted") &&
         (window.end_ns > window.begin_ns ||
          window.probe.notes.contains(std::string(kLacksNote) + missing::kTime));
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
    if (is_idle(arm.workloads) && arm.settings.empty() && !pooled.windows.empty())
      return pooled.arm;
  }
  return -1;
}

double window_seconds(const WindowRecord& window) {
  return static_cast<double>(window.end_ns - window.begin_ns) / 1e9;
}

}  // namespace isolab
