// SPDX-License-Identifier: Apache-2.0
#include "report/json/comparison_json.h"

#include "report/json/rows.h"
#include "results/fields.h"

namespace isolab {
namespace {

/// From nothing to something the ratio is the text "inf".
Json ratio_schema() {
  return Json(
      JsonObject{{"description", "new / base; 0: a fall to none, \"inf\": a rise from none"},
                 {"anyOf", JsonArray{schema::type("number"), Json(JsonObject{{"const", "inf"}})}}});
}

}  // namespace

namespace codec {

void fields(auto& field, Is<GroupNumber> auto& number) {
  field("sessions", number.values);
  field("missing", number.missing, "sessions without this metric");
  field("lost", number.lost,
        "sessions whose trace lost events: left out, or, where all did, shown and not judged");
  field("centre", number.centre);
  field("n", number.n, "events or samples behind it");
  field("exposure_s", number.exposure_s);
  field("interval95", number.interval);
}

void fields(auto& field, Is<Change> auto& change) {
  using enum Outcome;
  field("outcome",
        one_of(change.outcome, {same, better, worse, changed, too_few, lost, not_judged}));
  field.when(change.ratio.has_value(), "ratio", shaped(change.ratio.value_or(0), ratio_schema));
  field("ratio_interval95", change.ratio_interval);
  field("shift", change.shift, "Hodges-Lehmann, new - base");
  field("shift_interval95", change.shift_interval);
  field("p", change.p, "exact Mann-Whitney, two-sided");
  field("q", change.q, "p after Benjamini-Hochberg over all tests");
  field.when(change.ratio_interval || change.shift_interval, "excludes_no_change",
             interval_excludes_no_change(change),
             "the interval leaves no change out: so does a bound that means none where the test "
             "rejects it and nothing beside it");
  field.when(change.sessions_lacking > 0, "sessions_lacking", change.sessions_lacking,
             "how many more a verdict needs");
}

void fields(auto& field, Is<ComparedMetric> auto& metric) {
  static const MetricInfo kNone{};  // of the example for the schema
  const MetricInfo& info = metric.info == nullptr ? kNone : *metric.info;
  using enum Direction;
  using enum Statistic;
  field("name", metric.key.name);
  field("labels", metric.key.labels);
  field("unit", info.unit);
  field("direction", one_of(info.direction, {lower_is_better, higher_is_better, none}));
  field("statistic", one_of(metric.statistic, {value, count, maximum, shown}));
  field("groups", metric.groups);
  field("changes", metric.changes);
}

void fields(auto& field, Is<Uncompared> auto& metric) {
  field("name", metric.key.name);
  field("labels", metric.key.labels);
  field("groups", metric.groups);
}

void fields(auto& field, Is<GroupSummary> auto& group) {
  field("name", group.name);
  field("arm", group.arm);
  field("places", group.places);
  field("sessions", group.sessions);
  field("windows", group.windows);
  field("windows_left_out", group.windows_left_out);
  field("exposure_s", group.exposure_s);
  field("measured", group.measured);
  field("measured_isolated", group.measured_isolated);
  field("housekeeping", group.housekeeping);
  field("facts", group.facts);
  field("warnings", group.warnings, "sessions that carry it");
}

void fields(auto& field, Is<Difference> auto& difference) {
  field("what", difference.what);
  field("values", difference.values);
  field("intended", difference.intended);
  field("within_a_group", difference.within);
}

void fields(auto& field, Is<GroupSeries> auto& series) {
  field("group", series.group);
  field("arm", series.arm);
  field("exposure_s", series.exposure_s);
  field("ccdf", series.ccdf);
  field("histogram", series.histogram);
  field("histogram_overflow", series.histogram_overflow);
  field("ipi_classes", series.ipi_classes);
  field("timeline_of", series.timeline_of);
  field.each("tracks", series.tracks,
             [](auto& inner, const GapTrack& track) { track_fields(inner, track); });
}

void fields(auto& field, Is<ScalingPoint> auto& point) {
  field("x", point.x);
  field("ratio", point.ratio);
  field("arm", point.arm);
  field("interval95", point.interval);
}

void fields(auto& field, Is<ScalingLine> auto& line) {
  field("metric", line.metric);
  field("group", line.group);
  field("axis", line.axis);
  field("prefix", line.prefix);
  field("points", line.points);
}

void fields(auto& field, Is<Comparison> auto& comparison) {
  field("schema", constant(Comparison::kSchema));
  field("kind", constant("comparison"));
  field("profile", comparison.profile);
  field("profile_hash", comparison.profile_hash);
  field("question", comparison.question);
  field("probe", comparison.probe);
  field("probe_kind", comparison.probe_kind);
  field("isolab_version", comparison.isolab_version);
  field("command_line", comparison.command_line);
  field("repeats", comparison.repeats);
  field("warmup_s", comparison.warmup_s);
  field("measure_s", comparison.measure_s);
  field("loads", comparison.loads);
  field("alpha", comparison.options.alpha, "false discovery rate over all tests");
  field("min_effect", comparison.options.min_effect, "smaller changes of the estimate are \"~\"");
  field("tests", comparison.tests);
  field("flagged", flagged(comparison));
  field("groups", comparison.groups);
  field("differences", comparison.differences);
  field("notes", comparison.notes);
  field("metrics", comparison.metrics);
  field("uncompared", comparison.uncompared);
  field("series", comparison.series);
  field("scaling", comparison.scaling);
}

}  // namespace codec

std::string comparison_to_json(const Comparison& comparison) {
  return print_json(all_rounded(codec::to_json(comparison)));
}

Json comparison_schema() { return codec::object_schema<Comparison>(); }

}  // namespace isolab
