// SPDX-License-Identifier: Apache-2.0
// The same profile on several machines, in one table: interrupts that other CPUs sent to a measured
// CPU, by class and operation. Counts only, so that emulated machines may stand in it.
#pragma once

#include <string>
#include <vector>

#include "analysis/findings.h"

namespace isolab {

/// One column per findings, headed "ARCH RELEASE". Empty when none of them was traced.
std::string side_by_side(const std::vector<Findings>& all);

}  // namespace isolab
