// SPDX-License-Identifier: Apache-2.0
// A JSON value as plain data, read and printed the same way on every machine. Needs nothing else;
// nlohmann-json is used by json.cpp only. Objects are sorted by key, so equal values print equal
// bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace isolab {

struct Json;
using JsonArray = std::vector<Json>;
using JsonObject = std::map<std::string, Json>;

struct Json {
  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, JsonArray,
               JsonObject>
      value = nullptr;

  Json() = default;
  Json(std::nullptr_t) {}
  Json(bool flag) : value(flag) {}
  Json(int number) : value(std::int64_t{number}) {}
  Json(std::int64_t number) : value(number) {}
  Json(std::uint64_t number) : value(number) {}
  /// A number without a JSON form (nan, inf) is kept as the text "nan", "inf" or "-inf".
  Json(double number);
  Json(const char* text) : value(std::string(text)) {}
  Json(std::string text) : value(std::move(text)) {}
  Json(JsonArray items) : value(std::move(items)) {}
  Json(JsonObject members) : value(std::move(members)) {}

  bool operator==(const Json& other) const;
  /// "an object", "a string" ...: for messages.
  const char* type_name() const;
};

/// Strict RFC 8259, nested 64 deep at most, 6 million values at most. The error names line and
/// column.
Result<Json> parse_json(const std::string& text);
/// Indented by one space, a newline at the end. Bytes that are not UTF-8 become U+FFFD; doubles are
/// printed with as many digits as bring the same double back.
std::string print_json(const Json& json);
/// `number` rounded to nine significant digits: so that differences between libm versions
/// disappear.
double rounded(double number);
/// `json` with each of its numbers rounded() that is not whole by its type.
Json all_rounded(Json json);

}  // namespace isolab
