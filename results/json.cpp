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

Json from_document(Document& document) {
  switch (document.type()) {
    case Document::value_t::boolean: return Json(document.get<bool>());
    case Document::value_t::number_integer: return Json(document.get<std::int64_t>());
    case Document::value_t::number_unsigned: return Json(document.get<std::uint64_t>());
    case Document::value_t::number_float: return Json(document.get<double>());
    case Document::value_t::string: return Json(std::move(document.get_ref<std::string&>()));
    case Document::value_t::array: {
      JsonArray items;
      items.reserve(document.size());
      for (auto& item : document) items.push_back(from_document(item));
      return Json(std::move(items));
    }
    case Document::value_t::object: {
      JsonObject members;
      for (auto& [key, member] : document.items()) members.emplace(key, from_document(member));
      return Json(std::move(members));
    }
    default: return Json();
  }
}

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

/// nlohmann-json gives the byte offset behind the offending token.
Error parse_error_at(const std::string& text, std::size_t byte) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i + 1 < byte && i < text.size(); ++i) {
    column = text[i] == '\n' ? 1 : column + 1;
    if (text[i] == '\n') ++line;
  }
  const bool cut = byte > text.size();
  return Error{ErrorKind::parse,
               fmt::format("{}:{}: {}", line, column,
                           cut ? "the JSON text ends too early" : "this is not JSON")};
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
  try {
    Document document = Document::parse(text);
    return from_document(document);
  } catch (const Document::parse_error& error) {
    return parse_error_at(text, error.byte);
  } catch (const Document::exception& error) {  // a number beyond the range of double
    return Error{ErrorKind::parse, error.what()};
  }
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

}  // namespace isolab
