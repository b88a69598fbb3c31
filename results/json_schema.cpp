// SPDX-License-Identifier: Apache-2.0
#include "results/json_schema.h"

#include <algorithm>

namespace isolab::schema {

Json type(const char* name, const char* text) {
  JsonObject out{{"type", name}};
  if (text != nullptr) out.emplace("description", text);
  return Json(std::move(out));
}

Json or_null(Json typed) {
  auto& type = std::get<JsonObject>(typed.value).at("type");
  type = Json(JsonArray{type, "null"});
  return typed;
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

}  // namespace isolab::schema
