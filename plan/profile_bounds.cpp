// SPDX-License-Identifier: Apache-2.0
// What a profile makes of itself: how many arms and windows, which is computed before any of them
// is made, and whether the plug-ins accept the parameters of each arm.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "plan/compile.h"
#include "plan/profile_parts.h"
#include "plan/yaml_tree.h"
#include "probes/contract/observer.h"
#include "workloads/contract/workload.h"

namespace isolab {
namespace {

constexpr std::size_t kTooMany = 1'000'000'000;  // where counting stops

std::size_t times(std::size_t a, std::size_t b) { return std::min(a * b, kTooMany); }

bool uses(const ProfileArm& arm, const std::string& workload) {
  return std::any_of(arm.workloads.begin(), arm.workloads.end(),
                     [&](const auto& use) { return use.name == workload; });
}

/// As compile_arms() will make of it.
std::size_t arms_of(const ProfileArm& arm, const std::vector<MatrixAxis>& axes) {
  std::size_t count = arm.untraced_run && is_traced(arm.observers) ? 2 : 1;
  for (const auto& axis : axes)
    if (uses(arm, axis.workload)) count = times(count, axis.values.size());
  return count;
}

std::string named_param(const std::string& error) { return error.substr(0, error.find(':')); }

/// The axis that gives `workload` the parameter, or nullptr.
const MatrixAxis* axis_of(const Profile& profile, const std::string& workload,
                          const std::string& param) {
  for (const auto& axis : profile.matrix)
    if (axis.workload == workload && axis.param == param) return &axis;
  return nullptr;
}

}  // namespace

void wrong_params(ProfileValues& values, const YamlNode& node, const std::string& plug_in,
                  const Error& error) {
  const YamlNode* params =
      node.kind == YamlNode::Kind::map && !node.entries.empty() ? &node.entries[0].second : nullptr;
  const std::string param = named_param(error.what);
  const YamlNode* value = params == nullptr ? nullptr : params->find(param);
  const YamlNode& at = value == nullptr ? node : *value;
  values.wrong(at,
               plug_in + ": " + (at.included ? param + ": the value is not allowed" : error.what),
               error.hint);
}

void check_bounds(ProfileValues& values, const Profile& profile) {
  const Place& place = profile.matrix.empty() ? profile.design_place : profile.matrix.front().place;
  std::size_t arms = 0;
  for (const auto& arm : profile.arms)
    arms = std::min(arms + arms_of(arm, profile.matrix), kTooMany);
  if (arms > kMostArms) {
    values.diagnostics().add(place, "the profile has too many arms",
                             fmt::format("at most {}, with those of matrix:", kMostArms));
    return;
  }
  const std::size_t windows = times(arms, static_cast<std::size_t>(profile.repeats));
  if (windows > kMostWindows) {
    values.diagnostics().add(
        profile.design_place,
        fmt::format("{} arms x {} repeats are {} windows", arms, profile.repeats, windows),
        fmt::format("at most {}", kMostWindows));
    return;
  }
  // Each window is at most 60 days, so no product overflows.
  const auto each = std::chrono::ceil<std::chrono::seconds>(profile.warmup + profile.measure);
  if (each.count() * static_cast<std::int64_t>(windows) > std::chrono::seconds(kLongestRun).count())
    values.diagnostics().add(profile.design_place,
                             fmt::format("{} windows of {} last longer than a year", windows,
                                         print(profile.warmup + profile.measure)),
                             "at most " + print(kLongestRun));
}

void check_arms(ProfileValues& values, const Profile& profile, const UsePlaces& places) {
  std::set<std::string> names;
  for (const auto& from : profile.arms) {
    Profile alone;
    alone.arms = {from};
    alone.matrix = profile.matrix;
    for (const auto& arm : compile_arms(alone)) {
      if (!names.insert(arm.name).second)
        values.diagnostics().add(
            profile.matrix.empty() ? profile.design_place : profile.matrix.front().place,
            "two arms are called \"" + arm.name + "\"");
      for (const auto& use : arm.workloads) {
        const WorkloadInfo* info = find_workload(use.name);
        const auto checked = info->check(use.params);
        if (checked) continue;
        if (const auto* axis = axis_of(profile, use.name, named_param(checked.error().what)))
          values.diagnostics().add(axis->place, "arm " + arm.name + ": " + checked.error().what,
                                   checked.error().hint);
        else
          wrong_params(values, *places.at({from.name, use.name}), use.name, checked.error());
      }
    }
  }
}

}  // namespace isolab
