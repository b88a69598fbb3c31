// SPDX-License-Identifier: Apache-2.0
// One description of a struct gives its JSON, the schema of that JSON and, with results/codec.h,
// the strict reader. A description is a function in this namespace, found by the struct's type:
//   void fields(auto& field, Is<Budget> auto& budget) {
//     field("metric", budget.metric);
//     field("limit", budget.limit, "in the metric's unit");
//   }
// `field` is a Writer, a Describer or a Reader. The text is the schema's "description"; that of a
// list or of an object by name describes each item. A std::optional is left out when it is empty.
// The Describer is given a default-constructed struct and takes types only.
// A struct that is written and never read may also compute its members, use the wrappers below,
// and:
//   field.when(BOOL, NAME, VALUE, TEXT)     left out where BOOL is false
//   field.object(NAME, [&](auto& inner) {...})                members of an object without a struct
//   field.each(NAME, LIST, [&](auto& inner, const auto& item) {...})     a list described in place
// A type with a special JSON form (a point as [x, y]) has to_json() and schema_of() beside it.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/cpu_set.h"
#include "base/units.h"
#include "results/json.h"
#include "results/json_schema.h"

namespace isolab::codec {

/// The struct of a description: `T` for the reader, `const T` for the writer and the schema.
template <class Given, class T>
concept Is = std::same_as<std::remove_const_t<Given>, T>;

// ---- members that are more than their type -----------------------------------------------------

/// null when there is none, where std::optional alone is left out.
template <class T>
struct Nullable {
  std::optional<T> value;
};
template <class T>
Nullable<T> nullable(std::optional<T> value) {
  return {std::move(value)};
}

/// The same in every document of this schema.
template <class T>
struct Constant {
  T value;
};
template <class T>
Constant<T> constant(T value) {
  return {std::move(value)};
}

/// One of a few words; of an enum by its to_string(). It refers to its arguments: for use in the
/// call of `field` only.
template <class T>
struct OneOf {
  T value;
  std::initializer_list<T> words;
};
template <class T>
requires std::is_enum_v<T> OneOf<T> one_of(T value, std::initializer_list<T> words) {
  return {value, words};
}
inline OneOf<std::string_view> one_of(std::string_view value,
                                      std::initializer_list<std::string_view> words) {
  return {value, words};
}
inline std::string word_of(std::string_view word) { return std::string(word); }
template <class T>
requires std::is_enum_v<T> std::string word_of(T value) { return to_string(value); }

/// A value with a schema beyond its type.
template <class T>
struct Shaped {
  T value;
  Json (*schema)();
};
template <class T>
Shaped<T> shaped(T value, Json (*schema)()) {
  return {std::move(value), schema};
}

// ---- writing -----------------------------------------------------------------------------------

template <class T>
Json to_json(const T& value);
template <class T>
Json to_json(const std::map<std::string, T>& members);
inline Json to_json(const CpuSet& value) { return Json(value.list()); }
inline Json to_json(Nanos value) { return Json(std::int64_t{value.count()}); }
inline Json to_json(const std::map<int, std::uint64_t>& counts) {
  JsonObject out;
  for (const auto& [key, count] : counts) out.emplace(std::to_string(key), Json(count));
  return Json(std::move(out));
}
template <class T>
Json to_json(const Nullable<T>& nullable) {
  return nullable.value ? to_json(*nullable.value) : Json();
}
template <class T>
Json to_json(const Constant<T>& constant) {
  return Json(constant.value);
}
template <class T>
Json to_json(const OneOf<T>& word) {
  return Json(word_of(word.value));
}
template <class T>
Json to_json(const Shaped<T>& shaped) {
  return to_json(shaped.value);
}
template <class T>
Json to_json(const std::vector<T>& items) {
  JsonArray out;
  out.reserve(items.size());
  for (const auto& item : items) out.push_back(to_json(item));
  return Json(std::move(out));
}
template <class T>
Json to_json(const std::map<std::string, T>& members) {
  JsonObject out;
  for (const auto& [key, member] : members) out.emplace(key, to_json(member));
  return Json(std::move(out));
}

struct Writer {
  JsonObject members = {};

  template <class T>
  void operator()(const char* name, const T& value, const char* = nullptr) {
    members.emplace(name, to_json(value));
  }
  template <class T>
  void operator()(const char* name, const std::optional<T>& value, const char* = nullptr) {
    if (value) members.emplace(name, to_json(*value));
  }
  template <class T>
  void when(bool there, const char* name, const T& value, const char* = nullptr) {
    if (there) members.emplace(name, to_json(value));
  }
  template <class F>
  void object(const char* name, F list) {
    Writer inner;
    list(inner);
    members.emplace(name, std::move(inner.members));
  }
  template <class Range, class F>
  void each(const char* name, const Range& items, F list) {
    JsonArray out;
    for (const auto& item : items) {
      Writer inner;
      list(inner, item);
      out.emplace_back(std::move(inner.members));
    }
    members.emplace(name, std::move(out));
  }
};

template <class T>
Json to_json(const T& value) {
  if constexpr (std::is_convertible_v<const T&, Json>) {
    return Json(value);
  } else {
    Writer writer;
    fields(writer, value);
    return Json(std::move(writer.members));
  }
}

// ---- the schema --------------------------------------------------------------------------------

template <class T>
Json schema_of(const T& example, const char* text = nullptr);
template <class T>
Json schema_of(const std::map<std::string, T>&, const char* text = nullptr);
template <class T>
Json schema_of(const std::vector<T>&, const char* text = nullptr) {
  return schema::list_of(schema_of(T{}, text));
}
template <class T>
Json schema_of(const std::map<std::string, T>&, const char* text) {
  return schema::by_name(schema_of(T{}, text));
}
inline Json schema_of(const std::map<int, std::uint64_t>&, const char* text = nullptr) {
  return schema::by_name(schema::type("integer", text));
}
template <class T>
Json schema_of(const Nullable<T>&, const char* text = nullptr) {
  return schema::or_null(schema_of(T{}, text));
}
template <class T>
Json schema_of(const Constant<T>& constant, const char* = nullptr) {
  return Json(JsonObject{{"const", Json(constant.value)}});
}
template <class T>
Json schema_of(const OneOf<T>& word, const char* = nullptr) {
  std::vector<std::string> words;
  for (const auto& item : word.words) words.push_back(word_of(item));
  return schema::one_of(words);
}
template <class T>
Json schema_of(const Shaped<T>& shaped, const char* = nullptr) {
  return shaped.schema();
}

struct Describer {
  JsonObject members = {};
  std::vector<std::string> optional = {};

  template <class T>
  void operator()(const char* name, const T& example, const char* text = nullptr) {
    members.emplace(name, schema_of(example, text));
  }
  template <class T>
  void operator()(const char* name, const std::optional<T>&, const char* text = nullptr) {
    when(false, name, T{}, text);
  }
  template <class T>
  void when(bool, const char* name, const T& example, const char* text = nullptr) {
    optional.emplace_back(name);
    members.emplace(name, schema_of(example, text));
  }
  template <class F>
  void object(const char* name, F list) {
    Describer inner;
    list(inner);
    members.emplace(name, inner.schema());
  }
  template <class Range, class F>
  void each(const char* name, const Range&, F list) {
    Describer inner;
    list(inner, std::ranges::range_value_t<Range>{});
    members.emplace(name, schema::list_of(inner.schema()));
  }
  Json schema() const { return schema::object(members, optional); }
};

/// The schema of a struct from its description, without the schema_of() for its use as a member.
template <class T>
Json object_schema() {
  Describer describer;
  const T example{};
  fields(describer, example);
  return describer.schema();
}

template <class T>
Json schema_of(const T&, const char* text) {
  if constexpr (std::is_same_v<T, bool>)
    return schema::type("boolean", text);
  else if constexpr (std::is_integral_v<T> || std::is_same_v<T, Nanos>)
    return schema::type("integer", text);
  else if constexpr (std::is_floating_point_v<T>)
    return schema::type("number", text);
  else if constexpr (std::is_convertible_v<const T&, std::string_view> || std::is_same_v<T, CpuSet>)
    return schema::type("string", text);
  else
    return object_schema<T>();
}

}  // namespace isolab::codec
