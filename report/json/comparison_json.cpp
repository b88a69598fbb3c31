// SPDX-License-Identifier: Apache-2.0
#include "report/json/comparison_json.h"

#include "results/json_values.h"

namespace isolab {
namespace {

using json::list;
using json::members;
using json::number;
using json::put;
using json::strings;
using json::words;

// number() is overloaded: a lambda says which.
Json numbers(const std::vector<double>& items) {
  return list(items, [](double value) { return number(value); });
}

Json interval_json(const Interval& one) {
  return Json(JsonArray{number(one.lower), number(one.upper)});
}

void put(JsonObject& out, const char* key, const std::optional<Interval>& value) {
  if (value) out.emplace(key, interval_json(*value));
}

Json group_number_json(const GroupNumber& one) {
  JsonObject out{{"sessions", numbers(one.values)},
                 {"missing", std::uint64_t{one.missing}},
                 {"lost", std::uint64_t{one.lost}},
                 {"centre", number(one.centre)},
                 {"n", one.n},
                 {"exposure_s", number(one.exposure_s)}};
  put(out, "interval95", one.interval);
  return Json(std::move(out));
}

Json change_json(const Change& one) {
  JsonObject out{{"outcome", to_string(one.outcome)}};
  put(out, "ratio", one.ratio);
  put(out, "ratio_interval95", one.ratio_interval);
  put(out, "shift", one.shift);
  put(out, "shift_interval95", one.shift_interval);
  put(out, "p", one.p);
  put(out, "q", one.q);
  if (one.ratio_interval || one.shift_interval)
    out.emplace("excludes_no_change", interval_excludes_no_change(one));
  if (one.sessions_lacking > 0)
    out.emplace("sessions_lacking", std::uint64_t{one.sessions_lacking});
  return Json(std::move(out));
}

Json compared_json(const ComparedMetric& one) {
  return Json(JsonObject{{"name", one.key.name},
                         {"labels", words(one.key.labels)},
                         {"unit", one.info->unit},
                         {"direction", to_string(one.info->direction)},
                         {"statistic", to_string(one.statistic)},
                         {"groups", list(one.groups, group_number_json)},
                         {"changes", list(one.changes, change_json)}});
}

Json uncompared_json(const Uncompared& one) {
  return Json(JsonObject{
      {"name", one.key.name}, {"labels", words(one.key.labels)}, {"groups", strings(one.groups)}});
}

Json group_json(const GroupSummary& one) {
  return Json(
      JsonObject{{"name", one.name},
                 {"arm", one.arm},
                 {"places", strings(one.places)},
                 {"sessions", std::uint64_t{one.sessions}},
                 {"windows", one.windows},
                 {"windows_left_out", one.windows_left_out},
                 {"exposure_s", number(one.exposure_s)},
                 {"measured", one.measured},
                 {"measured_isolated", one.measured_isolated},
                 {"housekeeping", one.housekeeping},
                 {"facts", words(one.facts)},
                 {"warnings", members(one.warnings, [](int sessions) { return Json(sessions); })}});
}

Json difference_json(const Difference& one) {
  return Json(JsonObject{{"what", one.what},
                         {"values", strings(one.values)},
                         {"intended", one.intended},
                         {"within_a_group", one.within}});
}

Json group_track_json(const GapTrack& one) {
  return Json(JsonObject{{"cpu", one.cpu},
                         {"repeat", one.repeat},
                         {"seconds", number(one.seconds)},
                         {"gaps", one.gaps},
                         {"points", list(one.points, [](const Point& point) {
                            return Json(JsonArray{number(point.x), number(point.y)});
                          })}});
}

Json series_json(const GroupSeries& one) {
  return Json(JsonObject{
      {"group", one.group},
      {"arm", one.arm},
      {"exposure_s", number(one.exposure_s)},
      {"ccdf", list(one.ccdf,
                    [](const BandPoint& point) {
                      return Json(JsonArray{number(point.x_us), number(point.per_cpu_hour),
                                            number(point.lowest), number(point.highest)});
                    })},
      {"histogram", list(one.histogram, [](std::uint64_t count) { return Json(count); })},
      {"histogram_overflow", one.histogram_overflow},
      {"ipi_classes", members(one.ipi_classes, [](double rate) { return number(rate); })},
      {"timeline_of", one.timeline_of},
      {"tracks", list(one.tracks, group_track_json)}});
}

Json scaling_json(const ScalingLine& one) {
  return Json(JsonObject{
      {"metric", one.metric},
      {"group", one.group},
      {"axis", one.axis},
      {"prefix", one.prefix},
      {"points", list(one.points, [](const ScalingPoint& point) {
         JsonObject out{{"x", number(point.x)}, {"ratio", number(point.ratio)}, {"arm", point.arm}};
         put(out, "interval95", point.interval);
         return Json(std::move(out));
       })}});
}

}  // namespace

std::string comparison_to_json(const Comparison& all) {
  return print_json(Json(JsonObject{{"schema", Comparison::kSchema},
                                    {"kind", "comparison"},
                                    {"profile", all.profile},
                                    {"profile_hash", all.profile_hash},
                                    {"question", all.question},
                                    {"probe", all.probe},
                                    {"probe_kind", all.probe_kind},
                                    {"isolab_version", all.isolab_version},
                                    {"command_line", strings(all.command_line)},
                                    {"repeats", all.repeats},
                                    {"warmup_s", number(all.warmup_s)},
                                    {"measure_s", number(all.measure_s)},
                                    {"loads", members(all.loads, strings)},
                                    {"alpha", number(all.options.alpha)},
                                    {"min_effect", number(all.options.min_effect)},
                                    {"tests", std::uint64_t{all.tests}},
                                    {"flagged", std::uint64_t{flagged(all)}},
                                    {"groups", list(all.groups, group_json)},
                                    {"differences", list(all.differences, difference_json)},
                                    {"notes", strings(all.notes)},
                                    {"metrics", list(all.metrics, compared_json)},
                                    {"uncompared", list(all.uncompared, uncompared_json)},
                                    {"series", list(all.series, series_json)},
                                    {"scaling", list(all.scaling, scaling_json)}}));
}

}  // namespace isolab
