// SPDX-License-Identifier: Apache-2.0
// The parts of a profile that are read by separate files; profile.cpp calls them in order.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "plan/profile.h"
#include "plan/profile_values.h"
#include "plan/yaml_tree.h"

namespace isolab {

/// Runtime isolation; the CPUs are checked against the machine when the plan is compiled.
void read_isolation(ProfileValues& values, const YamlNode& node, Profile& profile);
/// kernel: and cmdline+: of an arm.
void read_boot(ProfileValues& values, const YamlNode& node, ProfileArm& arm);
void read_design(ProfileValues& values, const YamlNode& node, Profile& profile);
/// After the arms: an axis must name a workload that one of them uses.
void read_matrix(ProfileValues& values, const YamlNode& node, Profile& profile);
/// Records the error of a plug-in's check() for `node`, at the place of the parameter it names.
void wrong_params(ProfileValues& values, const YamlNode& node, const std::string& plug_in,
                  const Error& error);
/// The kernel files an arm writes.
void read_settings(ProfileValues& values, const YamlNode& node,
                   const std::optional<PlannedIsolation>& isolation, ProfileArm& arm);
/// Where the parameters of a workload in an arm are written; of a scalar, its own place.
using UsePlaces = std::map<std::pair<std::string, std::string>, const YamlNode*>;
/// After everything else: how much the profile makes of itself, and whether the plug-ins accept its
/// parameters.
void check_bounds(ProfileValues& values, const Profile& profile);
void check_arms(ProfileValues& values, const Profile& profile, const UsePlaces& places);
/// After the arms: a budget may name one.
void read_budget(ProfileValues& values, const YamlNode& node, Profile& profile);

}  // namespace isolab
