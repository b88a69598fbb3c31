// SPDX-License-Identifier: Apache-2.0
// How a verb that measures is supervised.
#pragma once

#include "base/plan.h"
#include "runner/supervise.h"

namespace isolab {

/// For `supervise()`: the plan's housekeeping CPUs, the usual places, and how long the run may be
/// silent before it counts as hung.
Supervision supervision(const Plan& plan);

}  // namespace isolab
