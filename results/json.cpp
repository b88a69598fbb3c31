// SPDX-License-Identifier: Apache-2.0
// The only file that knows nlohmann-json; its exceptions end here.
#include "results/json.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace isolab {
namespace {

using Document = nlohmann::json;

constexpr std::size_t kMostDepth = 64;
constexpr std::size_t kMostValues = 6'000'000;  // some 128 bytes each as members of an object

/// Why a document is refused; empty so far.
struct Refusal {
  std::size_t byte = 0;  // behind the offending token
  std::string why;
};

/// Builds the value from nlohmann-json's events: its parser does not recurse, so neither depth nor
/// number is bounded by the stack.
class Builder {
 public:
  Json& root() { return root_; }
  const Refusal& refusal() const { return refusal_; }

  bool null() { return put(Json()); }
  bool boolean(bool value) { return put(Json(value)); }
  bool number_integer(std::int64_t value) { return put(Json(value)); }
  bool number_unsigned(std::uint64_t value) { return put(Json(value)); }
  bool number_float(double value, const std::string&) { return put(Json(value)); }
  bool string(std::string& value) { return put(Json(std::move(value))); }
  bool binary(Document::binary_t&) { return put(Json()); }  // not in JSON
  bool key(std::string& name) {
    key_ = std::move(name);
    return true;
  }
  bool start_object(std::size_t) { return open(Json(JsonObject{})); }
  bool start_array(std::size_t) { return open(Json(JsonArray{})); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t byte, const std::string&, const Document::exception& error) {
    // 101: no JSON; else a number beyond the range of double.
    refusal_ = {byte, error.id == 101 ? "this is not JSON" : "the number is out of range"};
    return false;
  }

 private:
  bool refuse(const std::string& why) {
    refusal_.why = why;
    return false;
  }
  bool put(Json value) { return place(std::move(value)) != nullptr; }
  Json* place(Json value) {
    if (++values_ > kMostValues) {
      refuse(fmt::format("more than {} values", kMostValues));
      return nullptr;
    }
    if (open_.empty()) return &(root_ = std::move(value));
    if (auto* items = std::get_if<JsonArray>(&open_.back()->value))
      return &items->emplace_back(std::move(value));
    // Of a key that appears twice the last one counts.
    return &(std::get<JsonObject>(open_.back()->value)[std::move(key_)] = std::move(value));
  }
  bool open(Json container) {
    if (open_.size() == kMostDepth) return refuse(fmt::format("nested deeper than {}", kMostDepth));
    Json* const placed = place(std::move(container));
    if (placed != nullptr) open_.push_back(placed);
    return placed != nullptr;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  Json root_;
  // What is open; a container does not move while it is, since its parent only grows behind it.
  std::vector<Json*> open_;
  std::string key_;
  std::size_t values_ = 0;
  Refusal refusal_;
};

struct ToDocument {
  Document operator()(const JsonArray& items) const {
    Document out = Document::array();
    for (const auto& item : items) out.push_back(std::visit(*this, item.value));
    return out;
  }
  Document operator()(const JsonObject& members) const {
    Document out = Document::object();
    for (const auto& [key, member] : members) out[key] = std::visit(*this, member.value);
    return out;
  }
  Document operator()(const auto& scalar) const { return Document(scalar); }
};

/// `byte`: behind the offending token.
Error parse_error_at(const std::string& text, std::size_t byte, const std::string& why) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i + 1 < byte && i < text.size(); ++i) {
    column = text[i] == '\n' ? 1 : column + 1;
    if (text[i] == '\n') ++line;
  }
  const bool cut = byte > text.size();
  return Error{ErrorKind::parse,
               fmt::format("{}:{}: {}", line, column, cut ? "the JSON text ends too early" : why)};
}

}  // namespace

Json::Json(double number) {
  if (std::isfinite(number))
    value = number;
  else
    value = std::string(std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
}

bool Json::operator==(const Json& other) const { return value == other.value; }

const char* Json::type_name() const {
  constexpr const char* kNames[] = {"null",     "true or false", "an integer", "an integer",
                                    "a number", "a string",      "an array",   "an object"};
  return kNames[value.index()];
}

Result<Json> parse_json(const std::string& text) {
  Builder builder;
  if (Document::sax_parse(text, &builder)) return std::move(builder.root());
  const auto& refusal = builder.refusal();
  if (refusal.byte != 0) return parse_error_at(text, refusal.byte, refusal.why);
  return Error{ErrorKind::parse, "the JSON text is too large: " + refusal.why};
}

std::string print_json(const Json& json) {
  const Document document = std::visit(ToDocument{}, json.value);
  return document.dump(1, ' ', false, Document::error_handler_t::replace) + "\n";
}

double rounded(double number) {
  if (!std::isfinite(number)) return number;
  char text[40];
  const auto written =
      std::to_chars(text, text + sizeof text, number, std::chars_format::scientific, 8);
  double out = number;
  std::from_chars(text, written.ptr, out);
  return out;
}

Json all_rounded(Json json) {
  if (auto* number = std::get_if<double>(&json.value))
    *number = rounded(*number);
  else if (auto* items = std::get_if<JsonArray>(&json.value))
    for (auto& item : *items) item = all_rounded(std::move(item));
  else if (auto* members = std::get_if<JsonObject>(&json.value))
    for (auto& [name, member] : *members) member = all_rounded(std::move(member));
  return json;
}

}  // namespace isolab
