// SPDX-License-Identifier: Apache-2.0
// Members of JSON objects that the page reads; what is absent or of another type is 0, empty or
// null.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "results/json.h"

namespace isolab {

inline const Json& member(const Json& of, const char* key) {
  static const Json none;
  const auto* object = std::get_if<JsonObject>(&of.value);
  if (object == nullptr) return none;
  const auto found = object->find(key);
  return found == object->end() ? none : found->second;
}
inline bool has(const Json& of, const char* key) {
  return !std::holds_alternative<std::nullptr_t>(member(of, key).value);
}
inline double number_in(const Json& of, const char* key) {
  const auto& value = member(of, key).value;
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  if (const auto* natural = std::get_if<std::uint64_t>(&value))
    return static_cast<double>(*natural);
  return 0;
}
inline std::int64_t integer_in(const Json& of, const char* key) {
  return std::llround(number_in(of, key));
}
inline bool flag_in(const Json& of, const char* key) {
  const auto* flag = std::get_if<bool>(&member(of, key).value);
  return flag != nullptr && *flag;
}
inline std::string text_of(const Json& json) {
  const auto* text = std::get_if<std::string>(&json.value);
  return text == nullptr ? std::string() : *text;
}
inline std::string text_in(const Json& of, const char* key) { return text_of(member(of, key)); }
inline const JsonArray& list_in(const Json& of, const char* key) {
  static const JsonArray none;
  const auto* list = std::get_if<JsonArray>(&member(of, key).value);
  return list == nullptr ? none : *list;
}

}  // namespace isolab
