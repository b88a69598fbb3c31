// SPDX-License-Identifier: Apache-2.0
// What makes a measured window less than whole: the run then ends with kDisturbed.
#pragma once

#include <string>
#include <vector>

#include "base/records.h"

namespace isolab {

/// One sentence for each of: a status other than complete, events the trace lost, CPUs whose trace
/// is cut, CPUs without data of the probe, gaps that did not fit its log, workloads that died, hung
/// or refused. Empty: the window is whole.
std::vector<std::string> disturbances(const WindowRecord& window);

}  // namespace isolab
