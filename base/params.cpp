// SPDX-License-Identifier: Apache-2.0
#include "base/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/output.h"
#include "base/text.h"

namespace isolab {
namespace {

Error not_of_form(ParamType type, std::string_view text) {
  return Error{ErrorKind::usage, fmt::format("\"{}\" is not {}", text, expected_form(type))};
}

Result<std::string> one(ParamType type, const ParamValue& value) {
  if (value.size() == 1) return value.front();
  return Error{ErrorKind::usage, fmt::format("expected {}, found a list of {} values",
                                             expected_form(type), value.size())};
}

Result<bool> parse_flag(const std::string& text) {
  if (text == "true" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "no" || text == "off") return false;
  return not_of_form(ParamType::flag, text);
}

template <class Number>
Result<Number> parse_number(ParamType type, const std::string& text) {
  Number number{};
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (text.empty() || error != std::errc{} || end != last) return not_of_form(type, text);
  if constexpr (std::is_floating_point_v<Number>)
    if (!std::isfinite(number)) return not_of_form(type, text);
  return number;
}

/// Reads the one item with `parse`; a failure is the user's, so its kind is usage.
template <class T, class Parse>
Result<void> read_one(ParamType type, const ParamValue& value, T& out, Parse parse) {
  const Result<std::string> text = one(type, value);
  if (!text) return text.error();
  auto parsed = parse(*text);
  if (!parsed) return Error{ErrorKind::usage, parsed.error().what, parsed.error().hint};
  out = *parsed;
  return {};
}

// What a run can use at most; see check_param().
constexpr Nanos kLongestDuration = std::chrono::days(30);
constexpr double kLowestRate = 1.0 / 3600, kHighestRate = 1e9;
constexpr double kMostShare = 65536, kMostPercent = 100'000;
constexpr std::size_t kLongestText = 4096, kMostWords = 1000,
                      kLongestWords = std::size_t{128} << 10;

bool allowed(bool) { return true; }
bool allowed(int) { return true; }
bool allowed(double) { return true; }
bool allowed(Bytes) { return true; }
bool allowed(Nanos value) { return value <= kLongestDuration; }
bool allowed(Rate value) {
  return value.unlimited || (value.per_second >= kLowestRate && value.per_second <= kHighestRate);
}
bool allowed(Share value) { return value.number <= (value.percent ? kMostPercent : kMostShare); }

// Exact for every type: a long double holds 64 bits.
long double number_of(bool value) { return value ? 1 : 0; }
long double number_of(int value) { return value; }
long double number_of(double value) { return value; }
long double number_of(Nanos value) { return static_cast<long double>(value.count()); }
long double number_of(Bytes value) { return static_cast<long double>(value.count); }
long double number_of(Rate value) { return value.per_second; }
long double number_of(Share value) { return value.number; }

/// Whether `value` is not beyond `end` in the direction of `sign`.
template <class T>
Result<bool> within(const T& value, const std::string& end, int sign) {
  if (end.empty()) return true;
  T limit{};
  TRY(read_param({end}, limit));
  return sign * (number_of(limit) - number_of(value)) >= 0;
}

template <class T>
Result<ParamValue> canonical(const ParamSpec& spec, const ParamValue& raw) {
  T value{};
  TRY(read_param(raw, value));
  if (!allowed(value) || !TRY(within(value, spec.least, -1)) || !TRY(within(value, spec.most, 1)))
    return Error{ErrorKind::usage, fmt::format("{} is out of range", raw.front()),
                 expected_form(spec)};
  return print_param(value);
}

Result<ParamValue> check_text(const ParamSpec& spec, const ParamValue& raw) {
  const std::string text = TRY(one(ParamType::text, raw));
  if (text.size() > kLongestText)
    return Error{ErrorKind::usage, fmt::format("text of {} bytes", text.size()),
                 fmt::format("at most {} bytes", kLongestText)};
  if (text.starts_with('-'))
    return Error{ErrorKind::usage, fmt::format("\"{}\" could be taken for an option", text),
                 "text that does not begin with -"};
  if (visible_line(text) != text)
    return Error{ErrorKind::usage, "the text contains a control character", "one plain line"};
  if (spec.choices.empty() ||
      std::find(spec.choices.begin(), spec.choices.end(), text) != spec.choices.end())
    return ParamValue{text};
  return Error{ErrorKind::usage, fmt::format("unknown word \"{}\"", text),
               fmt::format("one of: {}", join(spec.choices, ", "))};
}

Result<ParamValue> check_words(const ParamValue& raw) {
  std::size_t bytes = 0;
  for (const auto& word : raw) {
    bytes += word.size() + 1;
    if (word.find('\0') != std::string::npos)
      return Error{ErrorKind::usage, "a word contains a NUL", "words without NUL"};
  }
  if (raw.size() > kMostWords || bytes > kLongestWords)
    return Error{ErrorKind::usage, fmt::format("{} words of {} bytes", raw.size(), bytes),
                 fmt::format("at most {} words of {} bytes", kMostWords, kLongestWords)};
  return raw;
}

Result<ParamValue> check_type(const ParamSpec& spec, const ParamValue& raw) {
  switch (spec.type) {
    case ParamType::flag: return canonical<bool>(spec, raw);
    case ParamType::integer: return canonical<int>(spec, raw);
    case ParamType::real: return canonical<double>(spec, raw);
    case ParamType::duration: return canonical<Nanos>(spec, raw);
    case ParamType::size: return canonical<Bytes>(spec, raw);
    case ParamType::rate: return canonical<Rate>(spec, raw);
    case ParamType::share: return canonical<Share>(spec, raw);
    case ParamType::text: return check_text(spec, raw);
    case ParamType::words: return check_words(raw);
  }
  return Error{ErrorKind::usage, "unknown parameter type"};
}

}  // namespace

const char* to_string(ParamType type) {
  switch (type) {
    case ParamType::flag: return "flag";
    case ParamType::integer: return "integer";
    case ParamType::real: return "real";
    case ParamType::duration: return "duration";
    case ParamType::size: return "size";
    case ParamType::rate: return "rate";
    case ParamType::share: return "share";
    case ParamType::text: return "text";
    case ParamType::words: return "words";
  }
  return "unknown";
}

const char* expected_form(ParamType type) {
  switch (type) {
    case ParamType::flag: return "true or false";
    case ParamType::integer: return "a whole number like 4";
    case ParamType::real: return "a number like 0.5";
    case ParamType::duration: return "a duration like 30s or 100us";
    case ParamType::size: return "a size like 64KiB or 4MiB";
    case ParamType::rate: return "a rate like 1000/s or max";
    case ParamType::share: return "a share like 200% or 8";
    case ParamType::text: return "one word or text";
    case ParamType::words: return "a list of words like [make, -j4]";
  }
  return "a value";
}

std::string range_text(const ParamSpec& spec) {
  return spec.least.empty() ? "" : spec.least + " to " + spec.most;
}

std::string expected_form(const ParamSpec& spec) {
  if (!spec.choices.empty()) return "one of " + join(spec.choices, ", ");
  const std::string range = range_text(spec);
  return expected_form(spec.type) + (range.empty() ? "" : ", " + range);
}

Result<ParamValue> check_param(const ParamSpec& spec, const ParamValue& raw) {
  auto checked = check_type(spec, raw);
  if (!checked)
    checked.error().what = fmt::format("parameter \"{}\": {}", spec.name, checked.error().what);
  return checked;
}

Result<void> check_params(const std::vector<ParamSpec>& specs, const ParamValues& values) {
  for (const auto& spec : specs) {
    const auto value = values.find(spec.name);
    if (value == values.end()) continue;
    if (const auto checked = check_type(spec, value->second); !checked)
      return Error{ErrorKind::usage, spec.name + ": " + checked.error().what, expected_form(spec)};
  }
  return {};
}

Result<void> read_param(const ParamValue& text, bool& out) {
  return read_one(ParamType::flag, text, out, parse_flag);
}
Result<void> read_param(const ParamValue& text, int& out) {
  return read_one(ParamType::integer, text, out, [](const std::string& item) {
    return parse_number<int>(ParamType::integer, item);
  });
}
Result<void> read_param(const ParamValue& text, double& out) {
  return read_one(ParamType::real, text, out, [](const std::string& item) {
    return parse_number<double>(ParamType::real, item);
  });
}
Result<void> read_param(const ParamValue& text, Nanos& out) {
  return read_one(ParamType::duration, text, out, parse_duration);
}
Result<void> read_param(const ParamValue& text, Bytes& out) {
  return read_one(ParamType::size, text, out, parse_size);
}
Result<void> read_param(const ParamValue& text, Rate& out) {
  return read_one(ParamType::rate, text, out, parse_rate);
}
Result<void> read_param(const ParamValue& text, Share& out) {
  return read_one(ParamType::share, text, out, parse_share);
}
Result<void> read_param(const ParamValue& text, std::string& out) {
  out = TRY(one(ParamType::text, text));
  return {};
}
Result<void> read_param(const ParamValue& text, std::vector<std::string>& out) {
  out = text;
  return {};
}

ParamValue print_param(bool value) { return {value ? "true" : "false"}; }
ParamValue print_param(int value) { return {std::to_string(value)}; }
ParamValue print_param(double value) {
  std::array<char, 64> digits;
  const auto done = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {std::string(digits.data(), done.ptr)};
}
ParamValue print_param(Nanos value) { return {print(value)}; }
ParamValue print_param(Bytes value) { return {print(value)}; }
ParamValue print_param(Rate value) { return {print(value)}; }
ParamValue print_param(Share value) { return {print(value)}; }
ParamValue print_param(const std::string& value) { return {value}; }
ParamValue print_param(const std::vector<std::string>& value) { return value; }

}  // namespace isolab
