// SPDX-License-Identifier: Apache-2.0
// What findings and comparisons share: structs that are arrays in JSON (points of charts,
// intervals), and a CPU's gaps over time.
#pragma once

#include "analysis/model/comparison.h"
#include "results/fields.h"

namespace isolab {

inline Json to_json(const Point& point) { return JsonArray{point.x, point.y}; }
inline Json schema_of(const Point&, const char*) { return schema::list_of(schema::type("number")); }

inline Json to_json(const BandPoint& point) {
  return JsonArray{point.x_us, point.per_cpu_hour, point.lowest, point.highest};
}
inline Json schema_of(const BandPoint&, const char*) { return schema_of(Point{}, nullptr); }

inline Json to_json(const ClassedGap& gap) { return JsonArray{gap.at_s, gap.length_us, gap.klass}; }
inline Json schema_of(const ClassedGap&, const char*) {
  return schema::list_of(Json(JsonObject{{"type", JsonArray{"number", "string"}}}));
}

/// Where a rate of zero is divided by, the bound is the text "inf".
inline Json to_json(const Interval& interval) { return JsonArray{interval.lower, interval.upper}; }
inline Json schema_of(const Interval&, const char*) {
  return Json(JsonObject{{"description", "[lower, upper], 95 %; infinite: \"inf\""},
                         {"type", "array"},
                         {"items", JsonObject{{"type", JsonArray{"number", "string"}}}},
                         {"minItems", 2},
                         {"maxItems", 2}});
}

namespace codec {

/// Without the arm, which a comparison tells of the whole series.
void track_fields(auto& field, const GapTrack& track) {
  field("cpu", track.cpu);
  field("repeat", track.repeat);
  field("seconds", track.seconds);
  field("gaps", track.gaps);
  field("points", track.points);
}

}  // namespace codec

}  // namespace isolab
