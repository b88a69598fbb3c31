// SPDX-License-Identifier: Apache-2.0
// plan.json: the resolved plan, every field of base/plan.h.
#include "results/codec.h"
#include "results/recording.h"

namespace isolab {
namespace codec {

template <>
struct Fields<PluginUse> {
  static void list(auto& field, auto& it) {
    field("name", it.name);
    field("params", it.params);
  }
};

template <>
struct Fields<PlannedSetting> {
  static void list(auto& field, auto& it) {
    field("path", it.path);
    field("value", it.value);
  }
};

template <>
struct Fields<PlannedBoot> {
  static void list(auto& field, auto& it) {
    field("kernel", it.kernel);
    field("cmdline", it.cmdline);
  }
};

template <>
struct Fields<Arm> {
  static void list(auto& field, auto& it) {
    field("name", it.name);
    field("workloads", it.workloads);
    field("settings", it.settings);
    field("observers", it.observers);
    field("not_applicable", it.not_applicable);
    field("boot", it.boot);
  }
};

template <>
struct Fields<PlannedWindow> {
  static void list(auto& field, auto& it) {
    field("arm", it.arm);
    field("repeat", it.repeat);
  }
};

template <>
struct Fields<Budget> {
  static void list(auto& field, auto& it) {
    field("metric", it.metric);
    field("arm", it.arm);
    field("limit", it.limit);
    field("limit_text", it.limit_text);
    field("reason", it.reason);
  }
};

template <>
struct Fields<PlannedIsolation> {
  static void list(auto& field, auto& it) {
    field("cpus", it.cpus);
    field("via", it.via);
  }
};

template <>
struct Fields<Plan> {
  static void list(auto& field, auto& it) {
    field("schema", it.schema);
    field("name", it.name);
    field("question", it.question);
    field("profile_hash", it.profile_hash);
    field("measured", it.measured);
    field("housekeeping", it.housekeeping);
    field("measured_why", it.measured_why);
    field("measured_isolated", it.measured_isolated);
    field("isolation", it.isolation);
    field("probe", it.probe);
    field("arms", it.arms);
    field("windows", it.windows);
    field("repeats", it.repeats);
    field("warmup_ns", it.warmup);
    field("measure_ns", it.measure);
    field("order", it.order);
    field("seed", it.seed);
    field("budgets", it.budgets);
    field("duration_ns", it.duration);
  }
};

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
