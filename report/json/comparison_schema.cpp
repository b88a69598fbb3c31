// SPDX-License-Identifier: Apache-2.0
// The part of `isolab schema` about `isolab compare --json`.
#include "analysis/model/comparison.h"
#include "analysis/model/metric_list.h"
#include "report/json/comparison_json.h"
#include "results/json_schema.h"

namespace isolab {
namespace {

using schema::by_name;
using schema::described;
using schema::list_of;
using schema::object;
using schema::one_of;
using schema::type;

Json texts() { return list_of(type("string")); }
Json numbers() { return list_of(type("number")); }

/// Where a rate of zero is divided by, the bound is the text "inf".
Json bounds() {
  return Json(JsonObject{{"description", "[lower, upper], 95 %; infinite: \"inf\""},
                         {"type", "array"},
                         {"items", Json(JsonObject{{"type", JsonArray{"number", "string"}}})},
                         {"minItems", 2},
                         {"maxItems", 2}});
}

/// From nothing to something the ratio is the text "inf".
Json ratio() {
  return Json(
      JsonObject{{"description", "new / base; 0: a fall to none, \"inf\": a rise from none"},
                 {"anyOf", JsonArray{type("number"), Json(JsonObject{{"const", "inf"}})}}});
}

template <class Enum, class... More>
Json words_of(Enum first, More... more) {
  return one_of({to_string(first), to_string(more)...});
}

Json metric() {
  const Json group = object({{"sessions", numbers()},
                             {"missing", described("integer", "sessions without this metric")},
                             {"lost", described("integer",
                                                "sessions whose trace lost events: left out, or, "
                                                "where all did, shown and not judged")},
                             {"centre", type("number")},
                             {"n", described("integer", "events or samples behind it")},
                             {"exposure_s", type("number")},
                             {"interval95", bounds()}},
                            {"interval95"});
  const Json change =
      object({{"outcome", words_of(Outcome::same, Outcome::better, Outcome::worse, Outcome::changed,
                                   Outcome::too_few, Outcome::lost, Outcome::not_judged)},
              {"ratio", ratio()},
              {"ratio_interval95", bounds()},
              {"shift", described("number", "Hodges-Lehmann, new - base")},
              {"shift_interval95", bounds()},
              {"p", described("number", "exact Mann-Whitney, two-sided")},
              {"q", described("number", "p after Benjamini-Hochberg over all tests")},
              {"excludes_no_change",
               described("boolean",
                         "the interval leaves no change out: so does a bound that is no change "
                         "where the test rejects it and nothing beside it")},
              {"sessions_lacking", described("integer", "how many more a verdict needs")}},
             {"ratio", "ratio_interval95", "shift", "shift_interval95", "p", "q",
              "excludes_no_change", "sessions_lacking"});
  return object({{"name", type("string")},
                 {"labels", by_name(type("string"))},
                 {"unit", type("string")},
                 {"direction", words_of(Direction::lower_is_better, Direction::higher_is_better,
                                        Direction::none)},
                 {"statistic", words_of(Statistic::value, Statistic::count, Statistic::maximum,
                                        Statistic::shown)},
                 {"groups", list_of(group)},
                 {"changes", list_of(change)}});
}

Json group() {
  return object({{"name", type("string")},
                 {"arm", type("string")},
                 {"places", texts()},
                 {"sessions", type("integer")},
                 {"windows", type("integer")},
                 {"windows_left_out", type("integer")},
                 {"exposure_s", type("number")},
                 {"measured", type("string")},
                 {"measured_isolated", type("boolean")},
                 {"housekeeping", type("string")},
                 {"facts", by_name(type("string"))},
                 {"warnings", by_name(described("integer", "sessions that carry it"))}});
}

Json series() {
  const Json track = object({{"cpu", type("integer")},
                             {"repeat", type("integer")},
                             {"seconds", type("number")},
                             {"gaps", type("integer")},
                             {"points", list_of(numbers())}});
  return object({{"group", type("string")},
                 {"arm", type("string")},
                 {"exposure_s", type("number")},
                 {"ccdf", list_of(numbers())},
                 {"histogram", list_of(type("integer"))},
                 {"histogram_overflow", type("integer")},
                 {"ipi_classes", by_name(type("number"))},
                 {"timeline_of", type("string")},
                 {"tracks", list_of(track)}});
}

Json scaling() {
  const Json point = object({{"x", type("number")},
                             {"ratio", type("number")},
                             {"arm", type("string")},
                             {"interval95", bounds()}},
                            {"interval95"});
  return object({{"metric", type("string")},
                 {"group", type("string")},
                 {"axis", type("string")},
                 {"prefix", type("string")},
                 {"points", list_of(point)}});
}

}  // namespace

Json comparison_schema() {
  const Json difference = object({{"what", type("string")},
                                  {"values", texts()},
                                  {"intended", type("boolean")},
                                  {"within_a_group", type("boolean")}});
  return object({{"schema", Json(JsonObject{{"const", Comparison::kSchema}})},
                 {"kind", Json(JsonObject{{"const", "comparison"}})},
                 {"profile", type("string")},
                 {"profile_hash", type("string")},
                 {"question", type("string")},
                 {"probe", type("string")},
                 {"probe_kind", type("string")},
                 {"isolab_version", type("string")},
                 {"command_line", texts()},
                 {"repeats", type("integer")},
                 {"warmup_s", type("number")},
                 {"measure_s", type("number")},
                 {"loads", by_name(texts())},
                 {"alpha", described("number", "false discovery rate over all tests")},
                 {"min_effect", described("number", "smaller changes of the estimate are \"~\"")},
                 {"tests", type("integer")},
                 {"flagged", type("integer")},
                 {"groups", list_of(group())},
                 {"differences", list_of(difference)},
                 {"notes", texts()},
                 {"metrics", list_of(metric())},
                 {"uncompared", list_of(object({{"name", type("string")},
                                                {"labels", by_name(type("string"))},
                                                {"groups", texts()}}))},
                 {"series", list_of(series())},
                 {"scaling", list_of(scaling())}});
}

}  // namespace isolab
