// SPDX-License-Identifier: Apache-2.0
// Plain data -> Json, for every printer of findings, comparisons and lists.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "results/json.h"

namespace isolab::json {

/// Nine significant digits; nothing is null.
inline Json number(double value) { return Json(rounded(value)); }
inline Json number(const std::optional<double>& value) { return value ? number(*value) : Json(); }

/// Each item by `convert`, in order.
template <class T, class F>
Json list(const std::vector<T>& items, F convert) {
  JsonArray out;
  out.reserve(items.size());
  for (const auto& item : items) out.push_back(convert(item));
  return Json(std::move(out));
}

inline Json strings(const std::vector<std::string>& items) {
  return Json(JsonArray(items.begin(), items.end()));
}

template <class T, class F>
Json members(const std::map<std::string, T>& items, F convert) {
  JsonObject out;
  for (const auto& [key, item] : items) out.emplace(key, convert(item));
  return Json(std::move(out));
}

inline Json words(const std::map<std::string, std::string>& items) {
  return members(items, [](const std::string& word) { return Json(word); });
}

/// Nothing is no member at all.
inline void put(JsonObject& out, const char* key, const std::optional<double>& value) {
  if (value) out.emplace(key, number(*value));
}

}  // namespace isolab::json
