// SPDX-License-Identifier: Apache-2.0
// The key `isolation:` of a profile.
#include <algorithm>

#include "base/text.h"
#include "plan/profile_keys.h"
#include "plan/profile_parts.h"
#include "plan/yaml_tree.h"

namespace isolab {

void read_isolation(ProfileValues& values, const YamlNode& node, Profile& profile) {
  if (!values.is_map(node, "isolation", "{cpus: 2-5, via: partition}")) return;
  values.check_keys(node, profile_keys_of("isolation"));
  PlannedIsolation isolation;
  const auto* cpus = node.find("cpus");
  const auto set = CpuSet::parse(cpus != nullptr ? cpus->scalar : "");
  if (!set || set->empty())
    values.wrong(cpus != nullptr ? *cpus : node, "isolation: cpus: is missing or not a CPU list",
                 "a list like 2-5,8");
  else
    isolation.cpus = *set;
  const std::vector<std::string> ways{"partition", "cmdline"};
  const auto* via = node.find("via");
  isolation.via = via != nullptr ? via->scalar : "";
  if (std::find(ways.begin(), ways.end(), isolation.via) == ways.end())
    values.wrong(via != nullptr ? *via : node, "isolation: via: is missing or unknown",
                 join(ways, ", "), nearest_word(isolation.via, ways));
  profile.isolation = std::move(isolation);
  profile.isolation_place = node.place;
}

}  // namespace isolab
