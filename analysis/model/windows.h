// SPDX-License-Identifier: Apache-2.0
// Which windows of a recording count, arm by arm.
#pragma once

#include <string>
#include <vector>

#include "results/recording.h"

namespace isolab {

/// The windows of one arm that count, in run order.
struct ArmWindows {
  int arm = 0;
  std::string name;
  std::vector<const WindowRecord*> windows;
  int left_out = 0;
};

/// Complete windows and those cut short by Ctrl-C count (their observation time is known); failed
/// and disturbed ones stay in the recording and out of the numbers.
bool window_counts(const WindowRecord& window);
std::vector<ArmWindows> pool_windows(const Recording& recording);

/// The arm the others are compared with: the first without workloads and settings that has windows
/// that count; -1 if there is none.
int idle_arm(const Recording& recording, const std::vector<ArmWindows>& arms);

/// Seconds between the snapshots before and after the window.
double window_seconds(const WindowRecord& window);

inline constexpr double kHour = 3600;

}  // namespace isolab
