// SPDX-License-Identifier: Apache-2.0
// Gaps of one CPU in one window in which the kernel saw nothing, classified by periods: gaps that
// follow another timer are outside the kernel (hypervisor, firmware), the rest is unexplained. Long
// and short gaps are tested separately, because a hypervisor's tasks and its short exits have
// different timers; the gaps are tested a few hundred at a time, because two clocks drift.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "analysis/attribution/attribution.h"
#include "analysis/attribution/gap_set.h"
#include "analysis/model/interruptions.h"
#include "analysis/statistics/periodicity.h"
#include "base/records.h"
#include "trace/read/meta.h"

namespace isolab {

/// Silent gaps by class, in counter ticks.
struct SilentTime {
  std::uint64_t outside_gaps = 0, outside_ticks = 0;
  std::uint64_t unexplained_gaps = 0, unexplained_ticks = 0;
};

class SilentGaps {
 public:
  /// `silent`: indices into the probe's gaps. `lost_events`: the trace lost some of this CPU, so a
  /// gap without any proves nothing and all stay unexplained.
  SilentGaps(const GapSet& silent, const ProbeCpu& probe, double ticks_per_second,
             bool lost_events);

  /// The period a silent gap comes with; nullptr: unexplained.
  const Period* period_of(const Gap& gap) const;
  const char* class_of(const Gap& gap) const {
    return period_of(gap) == nullptr ? "unexplained" : "outside_kernel";
  }
  const SilentTime& time() const { return time_; }
  std::span<const SilentRow> rows() const { return rows_; }  // with at least one gap

 private:
  struct Part {
    double from_ns = 0;
    std::vector<Period> periods;
  };
  static std::vector<Period> clearest(const std::vector<Part>& parts);
  bool is_long(const Gap& gap) const;
  double time_of(const Gap& gap) const;  // ns since the probe's start
  void add(const Gap& gap, SilentRow& row);

  double ns_per_tick_ = 1;
  std::uint64_t start_ = 0;
  std::array<std::vector<Part>, 2> parts_;  // of short gaps, of long ones
  SilentTime time_;
  std::vector<SilentRow> rows_;
};

/// By CPU, of a window in which a probe measured gaps.
std::map<int, SilentGaps> silent_gaps_of(const WindowRecord& window, const TraceMeta& meta,
                                         const Attribution& attribution);

}  // namespace isolab
