// SPDX-License-Identifier: Apache-2.0
#include "report/json/findings_json.h"

#include "analysis/model/metric_list.h"
#include "report/json/interruptions_json.h"
#include "report/json/page_cost_json.h"
#include "results/json_values.h"

namespace isolab {
namespace {

using json::list;
using json::number;
using json::put;
using json::strings;
using json::words;

Json metric_json(const Metric& metric) {
  const MetricInfo* info = find_metric_info(metric.name);
  JsonObject out{{"name", metric.name},
                 {"labels", words(metric.labels)},
                 {"unit", info == nullptr ? "" : info->unit},
                 {"direction", to_string(info == nullptr ? Direction::none : info->direction)},
                 {"value", number(metric.value)},
                 {"exposure_s", number(metric.exposure_s)},
                 {"n", metric.n},
                 {"repeats", metric.repeats}};
  put(out, "lower95", metric.lower95);
  put(out, "upper95", metric.upper95);
  put(out, "repeat_min", metric.repeat_min);
  put(out, "repeat_max", metric.repeat_max);
  if (!metric.not_applicable.empty()) out.emplace("not_applicable", metric.not_applicable);
  if (!metric.source.empty()) out.emplace("source", metric.source);
  if (!metric.verdict.empty()) out.emplace("verdict", metric.verdict);
  if (metric.operations_needed > 0) out.emplace("operations_needed", metric.operations_needed);
  return Json(std::move(out));
}

Json arm_json(const ArmSummary& arm) {
  JsonObject out{{"name", arm.name},
                 {"not_applicable", arm.not_applicable},
                 {"workloads", strings(arm.workloads)},
                 {"idle", arm.idle},
                 {"windows", arm.windows},
                 {"windows_left_out", arm.windows_left_out},
                 {"exposure_s", number(arm.exposure_s)}};
  if (arm.boot)
    out.emplace("boot",
                Json(JsonObject{{"kernel", arm.boot->kernel}, {"cmdline", arm.boot->cmdline}}));
  return Json(std::move(out));
}

Json warning_json(const FindingWarning& one) {
  return Json(JsonObject{{"id", one.warning.id},
                         {"seen", one.warning.seen},
                         {"matters", one.warning.matters},
                         {"advice", one.warning.advice},
                         {"arms", strings(one.arms)},
                         {"times", one.times}});
}

Json verdict_json(const Verdict& one) {
  return Json(JsonObject{{"metric", one.budget.metric},
                         {"arm", one.arm},
                         {"limit", number(one.budget.limit)},
                         {"limit_text", one.budget.limit_text},
                         {"reason", one.budget.reason},
                         {"outcome", one.outcome},
                         {"text", one.text}});
}

Json row_effect_json(const RowEffect& one) {
  return Json(JsonObject{{"table", to_string(one.table)},
                         {"row", one.row},
                         {"cpu", one.cpu < 0 ? Json("all") : Json(std::to_string(one.cpu))},
                         {"idle", number(one.idle)},
                         {"arm", number(one.arm)},
                         {"p", number(one.p)},
                         {"could_show", number(one.could_show)},
                         {"changed", one.changed},
                         {"unsteady", one.unsteady}});
}

Json arm_effect_json(const ArmEffect& one) {
  return Json(JsonObject{{"arm", one.arm},
                         {"rows", list(one.rows, row_effect_json)},
                         {"not_judged", strings(one.not_judged)}});
}

Json point_json(const Point& point) { return Json(JsonArray{number(point.x), number(point.y)}); }

Json arm_series_json(const ArmSeries& one) {
  return Json(JsonObject{
      {"arm", one.arm},
      {"ccdf", list(one.ccdf, point_json)},
      {"histogram", Json(JsonArray(one.histogram.begin(), one.histogram.end()))},
      {"histogram_overflow", one.histogram_overflow},
      {"interrupts", json::members(one.interrupts, [](double rate) { return number(rate); })}});
}

Json track_json(const GapTrack& one) {
  return Json(JsonObject{{"arm", one.arm},
                         {"cpu", one.cpu},
                         {"repeat", one.repeat},
                         {"seconds", number(one.seconds)},
                         {"gaps", one.gaps},
                         {"points", list(one.points, point_json)}});
}

Json run_json(const Findings& findings) {
  return Json(JsonObject{{"isolab_version", findings.isolab_version},
                         {"status", findings.status},
                         {"profile", findings.profile},
                         {"question", findings.question},
                         {"profile_hash", findings.profile_hash},
                         {"started_utc", findings.started_utc},
                         {"ended_utc", findings.ended_utc},
                         {"command_line", strings(findings.command_line)},
                         {"probe", findings.probe},
                         {"probe_kind", findings.probe_kind},
                         {"measured", findings.measured},
                         {"housekeeping", findings.housekeeping},
                         {"measured_why", findings.measured_why},
                         {"measured_isolated", findings.measured_isolated},
                         {"repeats", findings.repeats},
                         {"warmup_s", number(findings.warmup_s)},
                         {"measure_s", number(findings.measure_s)},
                         {"order", findings.order},
                         {"facts", words(findings.facts)},
                         {"changed", strings(findings.changed)}});
}

}  // namespace

std::string findings_to_json(const Findings& findings) {
  const Json series(JsonObject{{"arms", list(findings.series.arms, arm_series_json)},
                               {"tracks", list(findings.series.tracks, track_json)}});
  return print_json(Json(JsonObject{{"schema", findings.schema},
                                    {"run", run_json(findings)},
                                    {"arms", list(findings.arms, arm_json)},
                                    {"metrics", list(findings.metrics, metric_json)},
                                    {"warnings", list(findings.warnings, warning_json)},
                                    {"verdicts", list(findings.verdicts, verdict_json)},
                                    {"effects", list(findings.effects, arm_effect_json)},
                                    {"series", series},
                                    {"interruptions", interruptions_json(findings.interruptions)},
                                    {"page_costs", page_costs_json(findings.page_costs)}}));
}

std::string metrics_to_json(const Findings& findings) {
  return print_json(Json(JsonObject{{"schema", findings.schema},
                                    {"profile", findings.profile},
                                    {"profile_hash", findings.profile_hash},
                                    {"metrics", list(findings.metrics, metric_json)}}));
}

}  // namespace isolab
