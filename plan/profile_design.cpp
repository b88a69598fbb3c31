// SPDX-License-Identifier: Apache-2.0
// The design of a profile (how long, how often, in which order) and the limits it sets.
#include <algorithm>

#include "analysis/checks/budget.h"
#include "base/text.h"
#include "plan/profile_keys.h"
#include "plan/profile_parts.h"
#include "plan/yaml_tree.h"

namespace isolab {

void read_design(ProfileValues& values, const YamlNode& node, Profile& profile) {
  if (!values.is_map(node, "design", "{repeats: 3, warmup: 1s, measure: 10s}")) return;
  values.check_keys(node, profile_keys_of("design"));
  profile.warmup = std::chrono::seconds(1);
  values.duration(node, "warmup", std::chrono::milliseconds(100), profile.warmup);
  values.duration(node, "measure", std::chrono::milliseconds(100), profile.measure);
  if (node.find("measure") == nullptr)
    values.wrong(node, "design: measure: is missing", "the length of one window, like 10s");
  profile.repeats = static_cast<int>(values.whole(node, "repeats", 1, 10000, 1));
  profile.seed = static_cast<std::uint64_t>(values.whole(node, "seed", 0, 1'000'000'000, 1));
  if (const auto* order = node.find("order")) {
    const std::vector<std::string> known{"interleaved", "shuffled", "sequential"};
    if (std::find(known.begin(), known.end(), order->scalar) == known.end())
      values.wrong(*order, "order: " + order->quoted() + " is unknown", join(known, ", "),
                   nearest_word(order->scalar, known));
    profile.order = order->scalar;
  }
  values.read_flag(node, "untraced_runs", profile.untraced_runs);
  profile.design_place = node.place;
}

void read_budget(ProfileValues& values, const YamlNode& node, Profile& profile) {
  if (node.kind != YamlNode::Kind::list)
    return values.wrong(node, "budget: is " + std::string(node.kind_word()),
                        "a list of {metric:, limit:, reason:}");
  for (const auto& item : node.items) {
    if (!values.is_map(item, "a budget", "{metric: gap_max, limit: 50us, reason: why}")) continue;
    values.check_keys(item, profile_keys_of("budget"));
    Budget budget;
    budget.metric = values.required_text(item, "metric");
    budget.limit_text = values.required_text(item, "limit");
    budget.reason = values.required_prose(item, "reason");
    if (const auto* arm = item.find("arm")) {
      budget.arm = arm->scalar;
      std::vector<std::string> names;
      for (const auto& arm_of_profile : profile.arms) names.push_back(arm_of_profile.name);
      if (std::find(names.begin(), names.end(), budget.arm) == names.end())
        values.wrong(*arm, "there is no arm " + arm->quoted(), "one of " + join(names, ", "),
                     nearest_word(budget.arm, names));
    }
    if (!budget.metric.empty() && !budget.limit_text.empty()) {
      const auto limit = budget_limit(budget.metric, budget.limit_text);
      if (limit)
        budget.limit = *limit;
      else
        values.wrong(item,
                     item.included ? "the limit or its metric is unknown" : limit.error().what,
                     limit.error().hint, nearest_word(budget.metric, budget_metrics()));
    }
    profile.budgets.push_back(std::move(budget));
  }
}

}  // namespace isolab
