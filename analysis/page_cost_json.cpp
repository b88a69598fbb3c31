// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "analysis/page_costs.h"

namespace isolab {
namespace {

Json number(double value) { return Json(rounded(value)); }

Json estimate_json(const Estimate& one) {
  JsonObject out{{"value", number(one.value)},
                 {"least", number(one.least)},
                 {"most", number(one.most)},
                 {"repeats", one.repeats}};
  if (one.lower95) out.emplace("lower95", number(*one.lower95));
  if (one.upper95) out.emplace("upper95", number(*one.upper95));
  return Json(std::move(out));
}

Json model_json(const std::vector<PageCost::Modelled>& model) {
  JsonArray out;
  for (const auto& one : model)
    out.emplace_back(JsonObject{
        {"cpus", one.cpus}, {"ratio", number(one.ratio)}, {"extrapolated", one.extrapolated}});
  return Json(std::move(out));
}

Json cost_json(const PageCost& one) {
  JsonObject out{{"workload", one.workload},
                 {"arm", one.arm},
                 {"control", one.control},
                 {"measure", one.measure},
                 {"cpus", one.cpus},
                 {"rounds", one.rounds},
                 {"control_value", number(one.control_value)},
                 {"arm_value", number(one.arm_value)},
                 {"ratio", estimate_json(one.ratio)},
                 {"cost_us", estimate_json(one.cost_us)},
                 {"model", model_json(one.model)}};
  if (one.user_ratio) out.emplace("user_ratio", estimate_json(*one.user_ratio));
  if (one.elapsed_ratio) out.emplace("elapsed_ratio", estimate_json(*one.elapsed_ratio));
  if (one.pages) out.emplace("pages", estimate_json(*one.pages));
  if (one.ipis_per_page) out.emplace("ipis_per_page", number(*one.ipis_per_page));
  if (one.slope) out.emplace("slope", number(*one.slope));
  return Json(std::move(out));
}

Json type(const char* name) { return Json(JsonObject{{"type", name}}); }

Json list_of(Json items) {
  return Json(JsonObject{{"type", "array"}, {"items", std::move(items)}});
}

Json object(JsonObject members, std::vector<std::string> optional = {}) {
  JsonArray required;
  for (const auto& [name, schema] : members)
    if (std::find(optional.begin(), optional.end(), name) == optional.end())
      required.emplace_back(name);
  return Json(JsonObject{{"type", "object"},
                         {"properties", Json(std::move(members))},
                         {"required", Json(std::move(required))},
                         {"additionalProperties", false}});
}

}  // namespace

Json page_costs_json(const std::vector<PageCost>& costs) {
  JsonArray compared;
  for (const auto& one : costs) compared.push_back(cost_json(one));
  JsonArray published;
  for (const auto& one : kPublishedXpfo)
    published.emplace_back(JsonObject{{"machine", one.machine},
                                      {"cpus", one.cpus},
                                      {"vanilla_s", number(one.vanilla_s)},
                                      {"xpfo_s", number(one.xpfo_s)},
                                      {"ratio", number(one.ratio())},
                                      {"slope", number(one.slope())}});
  return Json(JsonObject{{"compared", Json(std::move(compared))},
                         {"published_xpfo", Json(std::move(published))}});
}

Json page_costs_schema() {
  const Json estimate = object({{"value", type("number")},
                                {"least", type("number")},
                                {"most", type("number")},
                                {"repeats", type("integer")},
                                {"lower95", type("number")},
                                {"upper95", type("number")}},
                               {"lower95", "upper95"});
  const Json modelled = object(
      {{"cpus", type("integer")}, {"ratio", type("number")}, {"extrapolated", type("boolean")}});
  const Json cost = object({{"workload", type("string")},
                            {"arm", type("string")},
                            {"control", type("string")},
                            {"measure", type("string")},
                            {"cpus", type("integer")},
                            {"rounds", type("integer")},
                            {"control_value", type("number")},
                            {"arm_value", type("number")},
                            {"ratio", estimate},
                            {"user_ratio", estimate},
                            {"elapsed_ratio", estimate},
                            {"pages", estimate},
                            {"cost_us", estimate},
                            {"ipis_per_page", type("number")},
                            {"slope", type("number")},
                            {"model", list_of(modelled)}},
                           {"user_ratio", "elapsed_ratio", "pages", "ipis_per_page", "slope"});
  const Json published = object({{"machine", type("string")},
                                 {"cpus", type("integer")},
                                 {"vanilla_s", type("number")},
                                 {"xpfo_s", type("number")},
                                 {"ratio", type("number")},
                                 {"slope", type("number")}});
  return object({{"compared", list_of(cost)}, {"published_xpfo", list_of(published)}});
}

}  // namespace isolab
