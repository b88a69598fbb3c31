// SPDX-License-Identifier: Apache-2.0
// `isolab schema`: JSON Schema (2020-12) of findings.json, `report --json` and `compare --json`,
// with the list of metrics under "x-metrics".
#include "analysis/model/metric_list.h"
#include "report/json/comparison_json.h"
#include "report/json/findings_json.h"
#include "report/json/interruptions_json.h"
#include "report/json/page_cost_json.h"
#include "results/json_schema.h"

namespace isolab {
namespace {

using schema::by_name;
using schema::described;
using schema::list_of;
using schema::object;
using schema::one_of;
using schema::reference;
using schema::type;

Json metric_schema() {
  JsonArray names;
  for (const auto& info : all_metrics()) names.emplace_back(info.name);
  const Json value(
      JsonObject{{"type", JsonArray{"number", "null"}},
                 {"description", "null: not applicable, and not_applicable says why"}});
  return object(
      {{"name", Json(JsonObject{{"enum", Json(std::move(names))}})},
       {"labels", by_name(type("string"))},
       {"value", value},
       {"unit", type("string")},
       {"direction", one_of({"lower_is_better", "higher_is_better", "none"})},
       {"lower95", described("number", "exact Poisson, two-sided 95 %; absent for a zero")},
       {"upper95", described("number", "exact Poisson, two-sided 95 %; one-sided 95 % for a zero")},
       {"repeat_min", described("number", "least value of a repeat alone")},
       {"repeat_max", described("number", "greatest value of a repeat alone")},
       {"exposure_s", described("number", "how long was looked, summed over CPUs and repeats")},
       {"n", described("integer", "events or samples behind the value")},
       {"repeats", described("integer", "windows pooled")},
       {"not_applicable", type("string")},
       {"source", type("string")},
       {"verdict",
        one_of({"as expected", "different", "too few operations", "background unknown"})},
       {"operations_needed",
        described("integer", "about, where too few were done to tell: in windows of equal rate")}},
      {"lower95", "upper95", "repeat_min", "repeat_max", "not_applicable", "source", "verdict",
       "operations_needed"});
}

Json run_schema() {
  JsonObject members{{"command_line", list_of(type("string"))},
                     {"changed", list_of(type("string"))},
                     {"facts", by_name(type("string"))},
                     {"measured_isolated", type("boolean")},
                     {"repeats", type("integer")},
                     {"warmup_s", type("number")},
                     {"measure_s", type("number")}};
  for (const char* name :
       {"isolab_version", "status", "profile", "question", "profile_hash", "started_utc",
        "ended_utc", "probe", "probe_kind", "measured", "housekeeping", "measured_why", "order"})
    members.emplace(name, type("string"));
  return object(std::move(members));
}

Json warning_schema() {
  return object({{"id", type("string")},
                 {"seen", type("string")},
                 {"matters", type("string")},
                 {"advice", type("string")},
                 {"arms", list_of(type("string"))},
                 {"times", type("integer")}});
}

Json verdict_schema() {
  return object({{"metric", type("string")},
                 {"arm", type("string")},
                 {"limit", type("number")},
                 {"limit_text", type("string")},
                 {"reason", type("string")},
                 {"outcome", one_of({"kept", "broken", "not proven", "not applicable"})},
                 {"text", type("string")}});
}

Json effect_schema() {
  const Json row = object(
      {{"table",
        one_of({"gaps", "time_lost", "interrupts", "softirqs", "tasks", "causes", "cpu_time"})},
       {"row", type("string")},
       {"cpu", described("string", "a number, or all: the measured CPUs together")},
       {"idle", described("number", "per CPU-second: events, us of time_lost; share of cpu_time")},
       {"arm", type("number")},
       {"p", described("number", "two-sided, after Holm's correction over the arm's rows")},
       {"could_show",
        described("number", "the smallest rise that would be changed, in arm's unit")},
       {"changed", type("boolean")},
       {"unsteady", described("boolean", "changed, if the repeats agreed, which they do not")}});
  return object(
      {{"arm", type("string")}, {"rows", list_of(row)}, {"not_judged", list_of(type("string"))}});
}

Json arm_schema() {
  return object(
      {{"name", type("string")},
       {"not_applicable", type("string")},
       {"workloads", list_of(type("string"))},
       {"idle", type("boolean")},
       {"windows", type("integer")},
       {"windows_left_out", type("integer")},
       {"exposure_s", type("number")},
       {"boot",
        object({{"kernel", described("string", "as the profile names it; empty: the default one")},
                {"cmdline", described("string", "words the profile adds to the command line")}})}},
      {"boot"});
}

Json series_schema() {
  const Json points = list_of(list_of(type("number")));
  const Json rates = by_name(type("number"));
  const Json arm = object({{"arm", type("string")},
                           {"ccdf", points},
                           {"histogram", list_of(type("integer"))},
                           {"histogram_overflow", type("integer")},
                           {"interrupts", rates}});
  const Json track = object({{"arm", type("string")},
                             {"cpu", type("integer")},
                             {"repeat", type("integer")},
                             {"seconds", type("number")},
                             {"gaps", type("integer")},
                             {"points", points}});
  return object({{"arms", list_of(arm)}, {"tracks", list_of(track)}});
}

Json metric_list() {
  JsonArray out;
  for (const auto& info : all_metrics())
    out.emplace_back(JsonObject{{"name", info.name},
                                {"unit", info.unit},
                                {"direction", to_string(info.direction)},
                                {"labels", JsonArray(info.labels.begin(), info.labels.end())},
                                {"summary", info.summary}});
  return Json(std::move(out));
}

}  // namespace

std::string findings_schema() {
  const Json metrics = list_of(reference("metric"));
  const Json version(JsonObject{{"const", Findings::kSchema}});
  const Json report = object({{"schema", version},
                              {"profile", type("string")},
                              {"profile_hash", type("string")},
                              {"metrics", metrics}});
  const Json findings = object({{"schema", version},
                                {"run", run_schema()},
                                {"arms", list_of(arm_schema())},
                                {"metrics", metrics},
                                {"warnings", list_of(warning_schema())},
                                {"verdicts", list_of(verdict_schema())},
                                {"effects", list_of(effect_schema())},
                                {"series", series_schema()},
                                {"interruptions", interruptions_schema()},
                                {"page_costs", page_costs_schema()}});
  return print_json(Json(JsonObject{
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title",
       "What isolab analyse (findings), report --json (report) and compare --json (comparison) "
       "print"},
      {"oneOf", JsonArray{reference("findings"), reference("report"), reference("comparison")}},
      {"$defs", JsonObject{{"metric", metric_schema()},
                           {"findings", findings},
                           {"report", report},
                           {"comparison", comparison_schema()}}},
      {"x-metrics", metric_list()}}));
}

}  // namespace isolab
