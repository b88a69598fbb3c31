// SPDX-License-Identifier: Apache-2.0
// What makes a measured window less than whole: the run then ends with ExitCode::disturbed.
#pragma once

#include <string>
#include <vector>

#include "base/records.h"

namespace isolab {

/// The status of a window that was measured to its end ("complete") or until Ctrl-C
/// ("interrupted"); "disturbed: WHY" when an observer has lost data (`lost` says what) or a
/// workload died, hung or was stopped: the load of the arm was then not the planned one, and the
/// window is excluded from all numbers.
std::string status_at_end(const WindowRecord& window, const std::string& lost, bool interrupted);

/// One sentence for each of: a status other than complete, events the trace lost, CPUs whose trace
/// is cut, CPUs without data of the probe, gaps that did not fit its log, workloads that died, hung
/// or refused. Empty: the window is whole.
std::vector<std::string> disturbances(const WindowRecord& window);

}  // namespace isolab
