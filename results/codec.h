// SPDX-License-Identifier: Apache-2.0
// JSON to the structs that results/fields.h describes. Reading is strict: every field present (an
// optional one may be left out), no unknown ones, the right types; the error names the place
// ("/arms/0/name").
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/interrupts.h"
#include "results/fields.h"

namespace isolab::codec {

/// The place in the document that is being read and the first error found there.
class Place {
 public:
  bool good() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  void fail(const std::string& why) {
    if (good()) error_ = fmt::format("{}: {}", path_.empty() ? "/" : path_, why);
  }
  void expected(const char* what, const Json& found) {
    fail(fmt::format("expected {}, found {}", what, found.type_name()));
  }
  /// Reads `json` as the child `name` of this place.
  template <class T>
  void child(const std::string& name, const Json& json, T& out);

 private:
  std::string path_;
  std::string error_;
};

inline void from_json(Place& place, const Json& json, bool& out) {
  if (const auto* flag = std::get_if<bool>(&json.value))
    out = *flag;
  else
    place.expected("true or false", json);
}
inline void from_json(Place& place, const Json& json, std::int64_t& out) {
  if (const auto* number = std::get_if<std::int64_t>(&json.value)) {
    out = *number;
  } else if (const auto* positive = std::get_if<std::uint64_t>(&json.value);
             positive != nullptr && *positive <= std::numeric_limits<std::int64_t>::max()) {
    out = static_cast<std::int64_t>(*positive);
  } else {
    place.expected("a 64-bit integer", json);
  }
}
inline void from_json(Place& place, const Json& json, int& out) {
  std::int64_t wide = 0;
  from_json(place, json, wide);
  if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max())
    place.fail("the integer is out of range");
  out = static_cast<int>(wide);
}
inline void from_json(Place& place, const Json& json, std::uint64_t& out) {
  if (const auto* number = std::get_if<std::uint64_t>(&json.value))
    out = *number;
  else if (const auto* sign = std::get_if<std::int64_t>(&json.value); sign != nullptr && *sign >= 0)
    out = static_cast<std::uint64_t>(*sign);
  else
    place.expected("an integer >= 0", json);
}
inline void from_json(Place& place, const Json& json, double& out) {
  if (const auto* real = std::get_if<double>(&json.value))
    out = *real;
  else if (const auto* whole = std::get_if<std::uint64_t>(&json.value))
    out = static_cast<double>(*whole);
  else if (const auto* sign = std::get_if<std::int64_t>(&json.value))
    out = static_cast<double>(*sign);
  else
    place.expected("a finite number", json);
}
/// A probe's own numbers may be what no computation gave: "nan", "inf", "-inf". Only here: nothing
/// that is counted or compared may be one of them.
inline void from_json(Place& place, const Json& json, std::map<std::string, double>& out) {
  const auto* members = std::get_if<JsonObject>(&json.value);
  if (members == nullptr) return place.expected("an object", json);
  out.clear();
  for (const auto& [key, member] : *members) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    if (member == Json("nan"))
      out[key] = std::numeric_limits<double>::quiet_NaN();
    else if (member == Json("inf") || member == Json("-inf"))
      out[key] = member == Json("inf") ? kInfinity : -kInfinity;
    else
      place.child(key, member, out[key]);
  }
}
inline void from_json(Place& place, const Json& json, std::string& out) {
  if (const auto* text = std::get_if<std::string>(&json.value))
    out = *text;
  else
    place.expected("a string", json);
}
inline void from_json(Place& place, const Json& json, CpuSet& out) {
  std::string list;
  from_json(place, json, list);
  auto set = CpuSet::parse(list);
  if (set)
    out = std::move(*set);
  else
    place.fail(set.error().what);
}
inline void from_json(Place& place, const Json& json, Nanos& out) {
  std::int64_t count = 0;
  from_json(place, json, count);
  out = Nanos{count};
}
inline void from_json(Place& place, const Json& json, std::map<int, std::uint64_t>& out) {
  const auto* members = std::get_if<JsonObject>(&json.value);
  if (members == nullptr) return place.expected("an object", json);
  out.clear();
  for (const auto& [key, member] : *members) {
    const auto cpu = CpuSet::parse(key);
    const bool whole_machine = key == std::to_string(kWholeMachine);  // rows like ERR and MIS
    if (!whole_machine && (!cpu || cpu->count() != 1))
      return place.fail("\"" + key + "\" is not a CPU number");
    place.child(key, member, out[whole_machine ? kWholeMachine : *cpu->first()]);
  }
}
template <class T>
void from_json(Place& place, const Json& json, T& out);
template <class T>
void from_json(Place& place, const Json& json, std::map<std::string, T>& out);
template <class T>
void from_json(Place& place, const Json& json, std::vector<T>& out) {
  const auto* items = std::get_if<JsonArray>(&json.value);
  if (items == nullptr) return place.expected("an array", json);
  out.clear();
  for (std::size_t i = 0; i < items->size() && place.good(); ++i) {
    T item{};
    place.child(std::to_string(i), (*items)[i], item);
    out.push_back(std::move(item));
  }
}
template <class T>
void from_json(Place& place, const Json& json, std::map<std::string, T>& out) {
  const auto* members = std::get_if<JsonObject>(&json.value);
  if (members == nullptr) return place.expected("an object", json);
  out.clear();
  for (const auto& [key, member] : *members) place.child(key, member, out[key]);
}

struct Reader {
  Place& place;
  const JsonObject& object;
  std::set<std::string> known = {};

  template <class T>
  void operator()(const char* name, T& out, const char* = nullptr) {
    known.insert(name);
    const auto found = object.find(name);
    if (found == object.end())
      place.fail(fmt::format("\"{}\" is missing", name));
    else
      place.child(name, found->second, out);
  }
  template <class T>
  void operator()(const char* name, std::optional<T>& out, const char* = nullptr) {
    known.insert(name);
    const auto found = object.find(name);
    out.reset();
    if (found != object.end()) place.child(name, found->second, out.emplace());
  }
};

template <class T>
void from_json(Place& place, const Json& json, T& out) {
  const auto* members = std::get_if<JsonObject>(&json.value);
  if (members == nullptr) return place.expected("an object", json);
  Reader reader{place, *members};
  fields(reader, out);
  for (const auto& [key, member] : *members)
    if (!reader.known.contains(key)) place.fail("unknown key \"" + key + "\"");
}

template <class T>
void Place::child(const std::string& name, const Json& json, T& out) {
  if (!good()) return;
  const auto length = path_.size();
  path_ += '/' + name;
  from_json(*this, json, out);
  path_.resize(length);
}

/// `file` names the document in messages: "plan.json: /arms/0: expected ...".
template <class T>
Result<T> decode(const std::string& file, const Json& json) {
  Place place;
  T out{};
  from_json(place, json, out);
  if (!place.good()) return Error{ErrorKind::parse, file + ": " + place.error()};
  return out;
}

/// parse_json() with the file's name in the message: "plan.json:3:14: this is not JSON".
Result<Json> parse_document(const std::string& file, const std::string& text);
/// Refuses a document without a schema number or with one newer than `known`.
Result<void> check_schema(const std::string& file, const Json& json, int known);

template <class T>
Result<T> decode_text(const std::string& file, const std::string& text) {
  return decode<T>(file, TRY(parse_document(file, text)));
}

}  // namespace isolab::codec
