// SPDX-License-Identifier: Apache-2.0
// The parts of a profile that are read by files of their own; profile.cpp calls them in order.
#pragma once

#include "runner/profile.h"
#include "runner/profile_values.h"

namespace isolab {

/// Runtime isolation; the CPUs are checked against the machine when the plan is compiled.
void read_isolation(ProfileValues& values, const YamlNode& node, Profile& profile);
/// kernel: and cmdline+: of an arm.
void read_boot(ProfileValues& values, const YamlNode& node, ProfileArm& arm);
void read_design(ProfileValues& values, const YamlNode& node, Profile& profile);
/// After the arms: an axis must name a workload that one of them uses.
void read_matrix(ProfileValues& values, const YamlNode& node, Profile& profile);
/// After the arms: a budget may name one.
void read_budget(ProfileValues& values, const YamlNode& node, Profile& profile);

}  // namespace isolab
