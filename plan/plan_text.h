// SPDX-License-Identifier: Apache-2.0
// The resolved plan as people read it.
#pragma once

#include <string>
#include <vector>

#include "base/plan.h"
#include "host/facts/facts.h"

namespace isolab {

/// Every CPU, parameter, window and second; <= 100 columns where names allow.
std::string render_plan(const Plan& plan);

/// The IPIs that the operations of each arm are expected to send to a measured CPU on this machine,
/// and the reasons; empty where no workload has an expectation.
std::string render_expectations(const Plan& plan, Host host);

/// "direct_map: pages=16 rate=20/s"; parameters at their defaults are left out unless `all`.
std::string render_use(const PluginUse& use, const std::vector<ParamSpec>& specs, bool all);

}  // namespace isolab
