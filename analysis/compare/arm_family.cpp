// SPDX-License-Identifier: Apache-2.0
#include "analysis/compare/arm_family.h"

#include <algorithm>

namespace isolab {
namespace {

/// "secret pages=16" of "secret" -> "pages=16"; empty: not of this family.
std::string added_to(const std::string& family, const std::string& arm) {
  if (!arm.starts_with(family + ' ')) return {};
  const std::string rest = arm.substr(family.size() + 1);
  const auto word = rest.substr(0, rest.find(' '));
  return word.find('=') == std::string::npos ? std::string() : rest;
}

/// Keeps what is of the family, renamed; `name` gives the place of an item's arm.
template <class Items, class Name>
void keep(Items& items, const std::string& family, Name name) {
  std::erase_if(items, [&](auto& item) {
    std::string added = added_to(family, name(item));
    if (added.empty()) return true;
    name(item) = std::move(added);
    return false;
  });
}

}  // namespace

bool is_of(const std::string& name, const std::string& arm) {
  return name.empty() || name == arm || !added_to(name, arm).empty();
}

bool has_arm(const Findings& session, const std::string& arm) {
  return std::any_of(session.arms.begin(), session.arms.end(), [&](const auto& summary) {
    return summary.name == arm && summary.windows > 0;
  });
}

bool is_in_all(const std::vector<SessionGroup>& groups, const std::string& arm) {
  return std::all_of(groups.begin(), groups.end(), [&](const auto& group) {
    return std::any_of(group.sessions.begin(), group.sessions.end(),
                       [&](const auto* session) { return has_arm(*session, arm); });
  });
}

bool is_family(const Findings& findings, const std::string& arm) {
  const auto any = [&](auto wanted) {
    return std::any_of(findings.arms.begin(), findings.arms.end(), wanted);
  };
  return !arm.empty() && !any([&](const ArmSummary& summary) { return summary.name == arm; }) &&
         any([&](const ArmSummary& summary) { return !added_to(arm, summary.name).empty(); });
}

Findings only_family(const Findings& findings, const std::string& family) {
  Findings out = findings;
  const auto arm = [](auto& item) -> std::string& { return item.arm; };
  keep(out.arms, family, [](ArmSummary& summary) -> std::string& { return summary.name; });
  keep(out.metrics, family, [](Metric& metric) -> std::string& { return metric.labels["arm"]; });
  keep(out.verdicts, family, arm);
  keep(out.series.arms, family, arm);
  keep(out.series.tracks, family, arm);
  keep(out.interruptions.windows, family, arm);
  keep(out.interruptions.cpus, family, arm);
  keep(out.interruptions.effects, family, arm);
  keep(out.page_costs, family, arm);
  return out;
}

FamilyGroups::FamilyGroups(const std::vector<SessionGroup>& asked) : groups_(asked) {
  for (const auto& group : asked)
    for (const auto* session : group.sessions)
      if (!is_family(*session, group.arm)) return;
  for (auto& group : groups_) {
    for (auto& session : group.sessions) {
      kept_.push_back(std::make_unique<Findings>(only_family(*session, group.arm)));
      session = kept_.back().get();
    }
    group.arm.clear();
  }
}

}  // namespace isolab
