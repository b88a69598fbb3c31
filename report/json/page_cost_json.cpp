// SPDX-License-Identifier: Apache-2.0
#include "report/json/page_cost_json.h"

#include "results/json_schema.h"
#include "results/json_values.h"

namespace isolab {
namespace {

using json::list;
using json::number;
using json::put;

Json estimate_json(const Estimate& one) {
  JsonObject out{{"value", number(one.value)},
                 {"least", number(one.least)},
                 {"most", number(one.most)},
                 {"repeats", one.repeats}};
  put(out, "lower95", one.lower95);
  put(out, "upper95", one.upper95);
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
  put(out, "ipis_per_page", one.ipis_per_page);
  put(out, "slope", one.slope);
  return Json(std::move(out));
}

}  // namespace

Json page_costs_json(const std::vector<PageCost>& costs) {
  JsonArray published;
  for (const auto& one : kPublishedXpfo)
    published.emplace_back(JsonObject{{"machine", one.machine},
                                      {"cpus", one.cpus},
                                      {"vanilla_s", number(one.vanilla_s)},
                                      {"xpfo_s", number(one.xpfo_s)},
                                      {"ratio", number(one.ratio())},
                                      {"slope", number(one.slope())}});
  return Json(JsonObject{{"compared", list(costs, cost_json)},
                         {"published_xpfo", Json(std::move(published))}});
}

Json page_costs_schema() {
  using schema::list_of, schema::object, schema::type;
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
