// SPDX-License-Identifier: Apache-2.0
// Warnings that a recording itself gives rise to, which change how its numbers are read.
#pragma once

#include "analysis/metrics/ipis_per_op.h"
#include "analysis/model/findings.h"
#include "analysis/model/windows.h"
#include "base/warnings.h"

namespace isolab {

/// Warnings, those of equal wording merged, each with the arms it concerns.
class WarningList {
 public:
  /// `arm` empty: it concerns the whole run.
  void add(Warning warning, const std::string& arm);
  std::vector<FindingWarning> take() { return std::move(list_); }

 private:
  std::vector<FindingWarning> list_;
  std::map<Warning, std::size_t> places_;  // in list_; each CPU of thousands may have one
};

/// What the run recorded itself: preflight, restore problems, observers that failed.
void add_recorded_warnings(const Recording& recording, WarningList& out);
void add_machine_warnings(const Recording& recording, WarningList& out);
void add_design_warnings(const Recording& recording, const std::vector<ArmWindows>& arms, int idle,
                         WarningList& out);
void add_window_warnings(const Recording& recording, WarningList& out);
void add_clock_warnings(const Recording& recording, WarningList& out);
void add_row_warnings(const std::vector<ArmWindows>& arms, const CpuSet& measured,
                      WarningList& out);
void add_expectation_warnings(const std::vector<IpisPerOp>& all, WarningList& out);

}  // namespace isolab
