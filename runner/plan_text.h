// SPDX-License-Identifier: Apache-2.0
// The resolved plan as people read it.
#pragma once

#include <string>
#include <vector>

#include "base/plan.h"

namespace isolab {

/// Every CPU, parameter, window and second; <= 100 columns where names allow.
std::string render_plan(const Plan& plan);

/// "direct_map: pages=16 rate=20/s"; parameters at their defaults are left out unless `all`.
std::string render_use(const PluginUse& use, const std::vector<ParamSpec>& specs, bool all);

}  // namespace isolab
