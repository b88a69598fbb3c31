// SPDX-License-Identifier: Apache-2.0
#include "plan/profile_values.h"

#include <algorithm>
#include <charconv>

#include "base/output.h"
#include "base/text.h"

namespace isolab {
namespace {

using Kind = YamlNode::Kind;

constexpr std::size_t kLongestWord = 80, kLongestProse = 1000;
constexpr Nanos kLongest = std::chrono::days(30);

}  // namespace

bool is_file_word(const std::string& text) {
  return !text.empty() && text.size() <= kLongestWord &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
             std::string::npos;
}

void ProfileValues::wrong(const YamlNode& node, std::string what, std::string expected,
                          std::string nearest) {
  diagnostics_.add(node.place, std::move(what), std::move(expected), std::move(nearest));
}

void ProfileValues::check_keys(const YamlNode& map, const std::vector<std::string>& known) {
  const std::string expected = "one of " + join(known, ", ");
  for (std::size_t i = 0; i < map.entries.size(); ++i) {
    const std::string& key = map.entries[i].first;
    if (std::find(known.begin(), known.end(), key) == known.end())
      diagnostics_.add(map.key_places[i], "unknown key \"" + key + "\"", expected,
                       diagnostics_.full() ? "" : nearest_word(key, known));
  }
}

bool ProfileValues::is_map(const YamlNode& node, const std::string& key,
                           const std::string& expected) {
  if (node.kind == Kind::map) return true;
  wrong(node, key + ": is " + node.kind_word(), expected);
  return false;
}

std::string ProfileValues::required_text(const YamlNode& map, const std::string& key) {
  const auto* node = map.find(key);
  if (node == nullptr || node->kind != Kind::scalar || node->scalar.empty()) {
    wrong(node ? *node : map, key + ": is missing", key + ": some words");
    return {};
  }
  return node->scalar;
}

std::string ProfileValues::required_prose(const YamlNode& map, const std::string& key) {
  std::string text = required_text(map, key);
  if (text.size() <= kLongestProse && visible(text) == text) return text;
  const auto* node = map.find(key);
  wrong(*node,
        key + ": " + (text.size() > kLongestProse ? "is too long" : "has control characters"),
        "at most " + std::to_string(kLongestProse) + " bytes of printable text");
  return {};
}

void ProfileValues::read_flag(const YamlNode& map, const char* key, bool& out) {
  const auto* flag = map.find(key);
  if (flag == nullptr) return;
  if (flag->scalar != "true" && flag->scalar != "false")
    wrong(*flag, std::string(key) + ": " + flag->quoted(), "true or false");
  out = flag->scalar == "true";
}

long long ProfileValues::whole(const YamlNode& map, const char* key, long long low, long long high,
                               long long fallback) {
  const auto* node = map.find(key);
  if (node == nullptr) return fallback;
  long long value = 0;
  const char* end = node->scalar.data() + node->scalar.size();
  const auto [stop, error] = std::from_chars(node->scalar.data(), end, value);
  if (error != std::errc{} || stop != end || value < low || value > high) {
    wrong(*node, std::string(key) + ": " + node->quoted() + " is out of range",
          "a whole number " + std::to_string(low) + "-" + std::to_string(high));
    return fallback;
  }
  return value;
}

ParamValues ProfileValues::read_params(const YamlNode* node, const std::vector<ParamSpec>& specs) {
  ParamValues values;
  std::vector<std::string> names;
  for (const auto& spec : specs) {
    values[spec.name] = spec.fallback;
    names.push_back(spec.name);
  }
  if (node == nullptr || node->kind == Kind::null) return values;
  if (node->kind != Kind::map) {
    wrong(*node, "parameters are " + std::string(node->kind_word()), "a map: {rate: 100/s}");
    return values;
  }
  check_keys(*node, names);
  for (const auto& spec : specs)
    if (const auto* value = node->find(spec.name)) read_value(*value, spec, values[spec.name]);
  return values;
}

bool ProfileValues::read_value(const YamlNode& node, const ParamSpec& spec, ParamValue& out) {
  ParamValue raw;
  if (node.kind == Kind::scalar) raw.push_back(node.scalar);
  for (const auto& item : node.items) {
    if (item.kind != Kind::scalar) {
      wrong(item, spec.name + ": an item is " + item.kind_word(), "a single value");
      return false;
    }
    raw.push_back(item.scalar);
  }
  if (node.kind == Kind::map || (node.kind == Kind::list && spec.type != ParamType::words)) {
    wrong(node, spec.name + ": is " + node.kind_word(), expected_form(spec));
    return false;
  }
  auto checked = check_param(spec, raw);
  if (checked)
    out = *checked;
  else
    wrong(node,
          spec.name + ": " + (node.included ? "the value is not allowed" : checked.error().what),
          spec.choices.empty() ? expected_form(spec) : join(spec.choices, ", "),
          raw.empty() ? "" : nearest_word(raw[0], spec.choices));
  return checked.has_value();
}

void ProfileValues::duration(const YamlNode& map, const char* key, Nanos smallest, Nanos& out) {
  const auto* value = map.find(key);
  if (value == nullptr) return;
  const auto parsed = parse_duration(value->scalar);
  if (value->kind != Kind::scalar || !parsed)
    wrong(*value, std::string(key) + ": " + value->quoted() + " is not a duration",
          expected_form(ParamType::duration));
  else if (*parsed < smallest)
    wrong(*value, std::string(key) + ": is too short", "at least " + print(smallest));
  else if (*parsed > kLongest)
    wrong(*value, std::string(key) + ": is too long", "at most " + print(kLongest));
  else
    out = *parsed;
}

}  // namespace isolab
