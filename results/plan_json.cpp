// SPDX-License-Identifier: Apache-2.0
// plan.json: the resolved plan, every field of base/plan.h.
#include "results/codec.h"
#include "results/recording.h"
#include "results/shared_fields.h"

namespace isolab {
namespace codec {

void fields(auto& field, Is<PluginUse> auto& use) {
  field("name", use.name);
  field("params", use.params);
}

void fields(auto& field, Is<PlannedSetting> auto& setting) {
  field("path", setting.path);
  field("value", setting.value);
}

void fields(auto& field, Is<Arm> auto& arm) {
  field("name", arm.name);
  field("workloads", arm.workloads);
  field("settings", arm.settings);
  field("observers", arm.observers);
  field("not_applicable", arm.not_applicable);
  field("boot", arm.boot);
}

void fields(auto& field, Is<PlannedWindow> auto& window) {
  field("arm", window.arm);
  field("repeat", window.repeat);
}

void fields(auto& field, Is<Budget> auto& budget) {
  field("metric", budget.metric);
  field("arm", budget.arm);
  field("limit", budget.limit);
  field("limit_text", budget.limit_text);
  field("reason", budget.reason);
}

void fields(auto& field, Is<PlannedIsolation> auto& isolation) {
  field("cpus", isolation.cpus);
  field("via", isolation.via);
}

void fields(auto& field, Is<Plan> auto& plan) {
  field("schema", plan.schema);
  field("name", plan.name);
  field("question", plan.question);
  field("profile_hash", plan.profile_hash);
  field("measured", plan.measured);
  field("housekeeping", plan.housekeeping);
  field("measured_why", plan.measured_why);
  field("measured_isolated", plan.measured_isolated);
  field("isolation", plan.isolation);
  field("probe", plan.probe);
  field("arms", plan.arms);
  field("windows", plan.windows);
  field("repeats", plan.repeats);
  field("warmup_ns", plan.warmup);
  field("measure_ns", plan.measure);
  field("order", plan.order);
  field("seed", plan.seed);
  field("budgets", plan.budgets);
  field("duration_ns", plan.duration);
}

}  // namespace codec

std::string plan_to_json(const Plan& plan) { return print_json(codec::to_json(plan)); }

Result<Plan> plan_from_json(const std::string& text) {
  const std::string file = "plan.json";
  const Json json = TRY(codec::parse_document(file, text));
  TRY(codec::check_schema(file, json, Plan::kSchema));
  Plan plan = TRY(codec::decode<Plan>(file, json));
  const int arms = static_cast<int>(plan.arms.size());
  for (const auto& window : plan.windows)
    if (window.arm < 0 || window.arm >= arms)
      return Error{ErrorKind::parse, fmt::format("{}: /windows: arm {} is not one of the {} arms",
                                                 file, window.arm, arms)};
  return plan;
}

}  // namespace isolab
