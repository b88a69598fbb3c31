// SPDX-License-Identifier: Apache-2.0
// Which windows of a recording count, arm by arm, and how counts of several windows become one
// rate.
#pragma once

#include <string>
#include <vector>

#include "analysis/findings.h"

namespace isolab {

/// The windows of one arm that count, in run order.
struct ArmWindows {
  int arm = 0;
  std::string name;
  std::vector<const WindowRecord*> windows;
  int left_out = 0;
};

/// Complete windows and those cut short by Ctrl-C count (their exposure is known); failed and
/// disturbed ones stay in the recording and out of the numbers.
bool window_counts(const WindowRecord& window);
std::vector<ArmWindows> pool_windows(const Recording& recording);

/// The arm the others are compared with: the first without workloads and settings that has windows
/// that count; -1 if there is none.
int idle_arm(const Recording& recording, const std::vector<ArmWindows>& arms);

/// Seconds between the snapshots before and after the window.
double window_seconds(const WindowRecord& window);

/// A count and how long was looked, in one window on one CPU.
struct Counted {
  std::uint64_t count = 0;
  double seconds = 0;
  int repeat = 0;
};

using Labels = std::map<std::string, std::string>;

/// A metric of the list, with its labels and nothing else yet.
Metric make_metric(std::string name, Labels labels);
Metric not_applicable(std::string name, Labels labels, std::string reason);
/// Pooled count over pooled exposure, times `per` seconds, with its exact interval and the spread
/// of the repeats. Not applicable where nothing was looked at.
Metric counted_rate(std::string name, Labels labels, const std::vector<Counted>& parts, double per);

/// One value of each repeat, for spreads.
class Spread {
 public:
  void add(double value);
  void put_into(Metric& metric) const;

 private:
  std::vector<double> values_;
};

inline constexpr double kHour = 3600;

}  // namespace isolab
