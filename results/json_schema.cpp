// SPDX-License-Identifier: Apache-2.0
#include "results/json_schema.h"

#include <algorithm>

namespace isolab::schema {

Json type(const char* name) { return Json(JsonObject{{"type", name}}); }

Json described(const char* name, const char* text) {
  return Json(JsonObject{{"type", name}, {"description", text}});
}

Json list_of(Json items) {
  return Json(JsonObject{{"type", "array"}, {"items", std::move(items)}});
}

Json by_name(Json member) {
  return Json(JsonObject{{"type", "object"}, {"additionalProperties", std::move(member)}});
}

Json one_of(const std::vector<std::string>& words) {
  return Json(JsonObject{{"enum", Json(JsonArray(words.begin(), words.end()))}});
}

Json reference(const char* name) {
  return Json(JsonObject{{"$ref", std::string("#/$defs/") + name}});
}

Json object(JsonObject members, const std::vector<std::string>& optional) {
  JsonArray required;
  for (const auto& [name, member] : members)
    if (std::find(optional.begin(), optional.end(), name) == optional.end())
      required.emplace_back(name);
  return Json(JsonObject{{"type", "object"},
                         {"properties", Json(std::move(members))},
                         {"required", Json(std::move(required))},
                         {"additionalProperties", false}});
}

Json like(const Json& example) {
  if (const auto* members = std::get_if<JsonObject>(&example.value)) {
    JsonObject out;
    for (const auto& [name, member] : *members) out.emplace(name, like(member));
    return object(std::move(out));
  }
  if (const auto* items = std::get_if<JsonArray>(&example.value))
    return items->size() == 1 ? list_of(like(items->front())) : type("array");
  if (std::holds_alternative<bool>(example.value)) return type("boolean");
  if (std::holds_alternative<std::string>(example.value)) return type("string");
  if (std::holds_alternative<std::nullptr_t>(example.value))
    return Json(JsonObject{{"type", JsonArray{"number", "null"}}});
  return type("number");
}

}  // namespace isolab::schema
