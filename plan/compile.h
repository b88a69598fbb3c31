// SPDX-License-Identifier: Apache-2.0
// Profile + machine -> plan: every CPU, parameter, window and second resolved. Pure.
#pragma once

#include "base/plan.h"
#include "base/result.h"
#include "host/facts/facts.h"
#include "plan/profile.h"

namespace isolab {

/// `not_applicable` holds a reason for each workload (by name) this machine cannot run, found by
/// the preflight's dry runs; arms that use one are kept in the plan with the reason and get no
/// windows. An arm of a matrix is dry-run with its own parameters, so the key is "ARM
/// NAME/WORKLOAD".
using Inability = std::map<std::string, std::string>;

/// Fails (usage) if the requested CPUs do not exist. Arms of another boot than this one are not
/// applicable; `booted`: name of the booted kernel in the profile (`isolab run --booted`), empty:
/// uname -r.
Result<Plan> compile_plan(const Profile& profile, const HostFacts& facts,
                          const std::string& booted = {});
/// Its arms alone, with those of the matrix: what needs no machine.
std::vector<Arm> compile_arms(const Profile& profile);

/// Marks the arms that cannot run here, drops their windows and adds up the duration again.
void apply_inability(Plan& plan, const Inability& inability);

}  // namespace isolab
