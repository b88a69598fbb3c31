// SPDX-License-Identifier: Apache-2.0
#include "results/codec.h"

namespace isolab::codec {

Result<Json> parse_document(const std::string& file, const std::string& text) {
  auto json = parse_json(text);
  if (!json) {  // "3:14: this is not JSON" has a place, "the JSON text is too large" has none
    const bool placed = json.error().what[0] >= '0' && json.error().what[0] <= '9';
    return Error{ErrorKind::parse, file + (placed ? ":" : ": ") + json.error().what};
  }
  return json;
}

Result<void> check_schema(const std::string& file, const Json& json, int known) {
  Place place;
  int schema = 0;
  if (const auto* members = std::get_if<JsonObject>(&json.value)) {
    const auto found = members->find("schema");
    if (found != members->end()) place.child("schema", found->second, schema);
  }
  if (!place.good()) return Error{ErrorKind::parse, file + ": " + place.error()};
  if (schema < 1) return Error{ErrorKind::parse, file + ": \"schema\" is missing or below 1"};
  if (schema > known)
    return Error{
        ErrorKind::parse,
        fmt::format("{}: schema {} is newer than schema {} of this isolab", file, schema, known),
        "read it with a newer isolab"};
  return {};
}

}  // namespace isolab::codec
