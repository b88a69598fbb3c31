// SPDX-License-Identifier: Apache-2.0
#include "report/json/findings_json.h"

#include "analysis/model/metric_list.h"
#include "report/json/comparison_json.h"
#include "report/json/interruptions_fields.h"
#include "report/json/page_cost_fields.h"
#include "report/json/rows.h"
#include "results/shared_fields.h"

namespace isolab {
namespace {

Json any_metric_name() {
  JsonArray names;
  for (const auto& info : all_metrics()) names.emplace_back(info.name);
  return Json(JsonObject{{"enum", std::move(names)}});
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

/// Metrics are in two documents, which refer to one schema.
static Json schema_of(const Metric&, const char*) { return schema::reference("metric"); }

namespace codec {

void fields(auto& field, Is<Metric> auto& metric) {
  const MetricInfo* info = find_metric_info(metric.name);
  field("name", shaped(metric.name, any_metric_name));
  field("labels", metric.labels);
  field("value", nullable(metric.value), "null: not applicable, and not_applicable says why");
  field("unit", info == nullptr ? std::string() : info->unit);
  field("direction",
        one_of(info == nullptr ? Direction::none : info->direction,
               {Direction::lower_is_better, Direction::higher_is_better, Direction::none}));
  field("lower95", metric.lower95, "exact Poisson, two-sided 95 %; absent for a zero");
  field("upper95", metric.upper95, "exact Poisson, two-sided 95 %; one-sided 95 % for a zero");
  field("repeat_min", metric.repeat_min, "least value of a repeat alone");
  field("repeat_max", metric.repeat_max, "greatest value of a repeat alone");
  field("exposure_s", metric.exposure_s, "how long was looked, summed over CPUs and repeats");
  field("n", metric.n, "events or samples behind the value");
  field("repeats", metric.repeats, "windows pooled");
  field.when(!metric.not_applicable.empty(), "not_applicable", metric.not_applicable);
  field.when(!metric.source.empty(), "source", metric.source);
  field.when(!metric.verdict.empty(), "verdict",
             one_of(metric.verdict,
                    {"as expected", "different", "too few operations", "background unknown"}));
  field.when(metric.operations_needed > 0, "operations_needed", metric.operations_needed,
             "about, where too few were done to tell: in windows of equal rate");
}

void fields(auto& field, Is<ArmSummary> auto& arm) {
  field("name", arm.name);
  field("not_applicable", arm.not_applicable);
  field("workloads", arm.workloads);
  field("idle", arm.idle);
  field("windows", arm.windows);
  field("windows_left_out", arm.windows_left_out);
  field("exposure_s", arm.exposure_s);
  field("boot", arm.boot);
}

void fields(auto& field, Is<FindingWarning> auto& finding) {
  fields(field, finding.warning);
  field("arms", finding.arms);
  field("times", finding.times);
}

void fields(auto& field, Is<Verdict> auto& verdict) {
  field("metric", verdict.budget.metric);
  field("arm", verdict.arm);
  field("limit", verdict.budget.limit);
  field("limit_text", verdict.budget.limit_text);
  field("reason", verdict.budget.reason);
  field("outcome", one_of(verdict.outcome, {"kept", "broken", "not proven", "not applicable"}));
  field("text", verdict.text);
}

void fields(auto& field, Is<RowEffect> auto& effect) {
  using enum EffectTable;
  field("table",
        one_of(effect.table, {gaps, time_lost, interrupts, softirqs, tasks, causes, cpu_time}));
  field("row", effect.row);
  field("cpu", effect.cpu < 0 ? "all" : std::to_string(effect.cpu),
        "a number, or all: the measured CPUs together");
  field("idle", effect.idle, "per CPU-second: events, us of time_lost; share of cpu_time");
  field("arm", effect.arm);
  field("p", effect.p, "two-sided, after Holm's correction over the arm's rows");
  field("could_show", effect.could_show, "the smallest rise that would be changed, in arm's unit");
  field("changed", effect.changed);
  field("unsteady", effect.unsteady, "changed, if the repeats agreed, which they do not");
}

void fields(auto& field, Is<ArmEffect> auto& effect) {
  field("arm", effect.arm);
  field("rows", effect.rows);
  field("not_judged", effect.not_judged);
}

void fields(auto& field, Is<ArmSeries> auto& series) {
  field("arm", series.arm);
  field("ccdf", series.ccdf);
  field("histogram", series.histogram);
  field("histogram_overflow", series.histogram_overflow);
  field("interrupts", series.interrupts);
}

void fields(auto& field, Is<Series> auto& series) {
  field("arms", series.arms);
  field.each("tracks", series.tracks, [](auto& inner, const GapTrack& track) {
    inner("arm", track.arm);
    track_fields(inner, track);
  });
}

namespace {

void run_fields(auto& field, const Findings& findings) {
  field("isolab_version", findings.isolab_version);
  field("status", findings.status);
  field("imported", findings.imported);
  field("profile", findings.profile);
  field("question", findings.question);
  field("profile_hash", findings.profile_hash);
  field("started_utc", findings.started_utc);
  field("ended_utc", findings.ended_utc);
  field("command_line", findings.command_line);
  field("probe", findings.probe);
  field("probe_kind", findings.probe_kind);
  field("measured", findings.measured);
  field("housekeeping", findings.housekeeping);
  field("measured_why", findings.measured_why);
  field("measured_isolated", findings.measured_isolated);
  field("repeats", findings.repeats);
  field("warmup_s", findings.warmup_s);
  field("measure_s", findings.measure_s);
  field("order", findings.order);
  field("facts", findings.facts);
  field("changed", findings.changed);
}

/// `report --json`.
void report_fields(auto& field, const Findings& findings) {
  field("schema", constant(findings.schema));
  field("profile", findings.profile);
  field("profile_hash", findings.profile_hash);
  field("metrics", findings.metrics);
}

}  // namespace

void fields(auto& field, Is<Findings> auto& findings) {
  field("schema", constant(findings.schema));
  field.object("run", [&](auto& run) { run_fields(run, findings); });
  field("arms", findings.arms);
  field("metrics", findings.metrics);
  field("warnings", findings.warnings);
  field("verdicts", findings.verdicts);
  field("effects", findings.effects);
  field("series", findings.series);
  field("interruptions", findings.interruptions);
  field.object("page_costs", [&](auto& costs) { page_costs_fields(costs, findings.page_costs); });
}

}  // namespace codec

std::string findings_to_json(const Findings& findings) {
  return print_json(all_rounded(codec::to_json(findings)));
}

std::string metrics_to_json(const Findings& findings) {
  codec::Writer report;
  codec::report_fields(report, findings);
  return print_json(all_rounded(Json(std::move(report.members))));
}

std::string findings_schema() {
  codec::Describer report;
  codec::report_fields(report, Findings{});
  return print_json(Json(JsonObject{
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title",
       "What isolab analyse (findings), report --json (report) and compare --json (comparison) "
       "print"},
      {"oneOf", JsonArray{schema::reference("findings"), schema::reference("report"),
                          schema::reference("comparison")}},
      {"$defs", JsonObject{{"metric", codec::object_schema<Metric>()},
                           {"findings", codec::object_schema<Findings>()},
                           {"report", report.schema()},
                           {"comparison", comparison_schema()}}},
      {"x-metrics", metric_list()}}));
}

}  // namespace isolab
