// SPDX-License-Identifier: Apache-2.0
// The axes of a profile's matrix: each names a workload of some arm and one of its parameters.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "plan/profile_parts.h"
#include "plan/yaml_tree.h"
#include "workloads/contract/workload.h"

namespace isolab {
namespace {

std::vector<std::string> used_workloads(const Profile& profile) {
  std::set<std::string> names;
  for (const auto& arm : profile.arms)
    for (const auto& use : arm.workloads) names.insert(use.name);
  return {names.begin(), names.end()};
}

}  // namespace

void read_matrix(ProfileValues& values, const YamlNode& node, Profile& profile) {
  if (!values.is_map(node, "matrix", "axes: {kfence_sampling.sample_interval: [1ms, 10ms]}"))
    return;
  const auto used = used_workloads(profile);
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const auto& [axis_name, list] = node.entries[i];
    const Place& place = node.key_places[i];
    const auto dot = axis_name.find('.');
    MatrixAxis axis{axis_name.substr(0, dot),
                    dot == std::string::npos ? "" : axis_name.substr(dot + 1),
                    {},
                    place};
    const auto* info = find_workload(axis.workload);
    if (info == nullptr || std::find(used.begin(), used.end(), axis.workload) == used.end()) {
      values.diagnostics().add(place, "axis \"" + axis_name + "\" names no workload of any arm",
                               "WORKLOAD.PARAMETER", nearest_word(axis.workload, used));
      continue;
    }
    std::vector<std::string> names;
    const ParamSpec* spec = nullptr;
    for (const auto& param : info->params) {
      names.push_back(param.name);
      if (param.name == axis.param) spec = &param;
    }
    if (spec == nullptr) {
      values.diagnostics().add(
          place, "workload " + axis.workload + " has no parameter \"" + axis.param + "\"",
          "one of " + join(names, ", "), nearest_word(axis.param, names));
      continue;
    }
    if (list.kind != YamlNode::Kind::list || list.items.empty()) {
      values.wrong(list, axis_name + ": is " + list.kind_word(), "a list of values");
      continue;
    }
    std::set<ParamValue> seen;
    for (const auto& item : list.items) {
      ParamValue value = spec->fallback;
      if (values.read_value(item, *spec, value) && !seen.insert(value).second)
        values.wrong(item, axis_name + ": this value appears twice");
      axis.values.push_back(std::move(value));
    }
    profile.matrix.push_back(std::move(axis));
  }
}

}  // namespace isolab
