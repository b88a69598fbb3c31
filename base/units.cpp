// SPDX-License-Identifier: Apache-2.0
// Reading and printing numbers with units. Values are read as exact decimals in 128-bit integers,
// so "0.1us" is 100 ns and not a rounded double.
#include "base/units.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace isolab {
namespace {

__extension__ using Wide = unsigned __int128;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// Largest first: printing takes the first that divides the value.
constexpr std::array kDurations = {
    Unit{"h", 3'600'000'000'000}, Unit{"min", 60'000'000'000}, Unit{"s", 1'000'000'000},
    Unit{"ms", 1'000'000},        Unit{"us", 1'000},           Unit{"ns", 1}};
constexpr std::array kSizes = {
    Unit{"TiB", std::uint64_t{1} << 40}, Unit{"GiB", std::uint64_t{1} << 30},
    Unit{"MiB", std::uint64_t{1} << 20}, Unit{"KiB", std::uint64_t{1} << 10}, Unit{"B", 1}};
constexpr std::array kPeriods = {Unit{"s", 1}, Unit{"min", 60}, Unit{"h", 3600}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A decimal number without sign or exponent, kept exactly: digits / 10^decimals.
struct Decimal {
  Wide digits = 0;
  int decimals = 0;
};

constexpr int kMaxDigits = 25;  // digits * the largest factor stays below 2^128

/// Takes the number at the beginning of `text`; nothing if there is none or it is absurdly long.
std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal number;
  std::size_t at = 0;
  int seen = 0;
  bool point = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '.' && !point && at > 0) {
      point = true;
      if (at + 1 == text.size() || !is_digit(text[at + 1])) return std::nullopt;
      continue;
    }
    if (!is_digit(c)) break;
    if (++seen > kMaxDigits) return std::nullopt;
    number.digits = number.digits * 10 + static_cast<unsigned>(c - '0');
    if (point) ++number.decimals;
  }
  if (seen == 0) return std::nullopt;
  text.remove_prefix(at);
  return number;
}

/// number * factor, if that is whole and fits below `limit`.
std::optional<std::uint64_t> scale(const Decimal& number, std::uint64_t factor,
                                   std::uint64_t limit) {
  constexpr Wide kTop = ~Wide{0};
  if (factor != 0 && number.digits > kTop / factor) return std::nullopt;
  Wide value = number.digits * factor;
  for (int i = 0; i < number.decimals; ++i) {
    if (value % 10 != 0) return std::nullopt;
    value /= 10;
  }
  if (value > limit) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

Error wrong(std::string_view what, std::string_view text, std::string_view why, std::string hint) {
  return Error{ErrorKind::parse, fmt::format("{} \"{}\": {}", what, text, why), std::move(hint)};
}

template <std::size_t N>
Result<std::uint64_t> parse_scaled(std::string_view what, std::string_view text,
                                   const std::array<Unit, N>& units, std::uint64_t limit,
                                   std::string_view example) {
  std::string_view rest = text;
  const auto number = take_decimal(rest);
  const std::string hint = fmt::format("write it like {}", example);
  if (!number) return wrong(what, text, "expected a number with a unit", hint);
  if (rest.empty()) {
    if (number->digits == 0) return std::uint64_t{0};
    return wrong(what, text, "the unit is missing", hint);
  }
  for (const Unit& unit : units) {
    if (unit.name != rest) continue;
    const auto value = scale(*number, unit.factor, limit);
    if (!value)
      return wrong(
          what, text,
          fmt::format("must be a whole number of {}, at most {}", units.back().name, limit), hint);
    return *value;
  }
  std::string names;
  for (const Unit& unit : units) append_item(names, ", ", unit.name);
  return wrong(what, text, fmt::format("unknown unit \"{}\"; known are {}", rest, names), hint);
}

template <std::size_t N>
std::string print_scaled(std::uint64_t value, const std::array<Unit, N>& units) {
  if (value == 0) return fmt::format("0{}", units.back().name);
  for (const Unit& unit : units)
    if (value % unit.factor == 0) return fmt::format("{}{}", value / unit.factor, unit.name);
  return fmt::format("{}{}", value, units.back().name);
}

std::optional<double> take_double(std::string_view& text) {
  std::string_view rest = text;
  if (!take_decimal(rest)) return std::nullopt;  // no sign, no exponent, no "inf"
  const std::size_t length = text.size() - rest.size();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + length, value);
  if (error != std::errc{} || end != text.data() + length) return std::nullopt;
  text = rest;
  return value;
}

/// The shortest text without exponent that reads back as the same double.
std::string shortest(double value) {
  std::array<char, 512> digits;
  const auto done =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed);
  return {digits.data(), done.ptr};
}

/// Three significant digits without exponent; `value` is below 1000 after rounding.
std::string three_digits(double value) {
  const double size = std::fabs(value);
  if (size == 0) return "0";
  if (size >= 99.95) return fmt::format("{:.0f}", value);
  if (size >= 9.995) return fmt::format("{:.1f}", value);
  if (size >= 0.9995) return fmt::format("{:.2f}", value);
  return fmt::format("{:.3g}", value);
}

struct Step {
  double size;
  const char* name;
};

template <std::size_t N>
std::string with_step(double value, const std::array<Step, N>& steps) {
  const Step* chosen = &steps.front();
  for (const Step& step : steps)
    if (std::fabs(value) >= 0.9995 * step.size) chosen = &step;
  const std::string digits = three_digits(value / chosen->size);
  return *chosen->name == '\0' ? digits : fmt::format("{} {}", digits, chosen->name);
}

}  // namespace

int Share::of(int whole) const {
  const double value = percent ? number / 100.0 * whole : number;
  if (!(value >= 1)) return 1;
  if (value >= std::numeric_limits<int>::max()) return std::numeric_limits<int>::max();
  return static_cast<int>(std::lround(value));
}

Result<Nanos> parse_duration(std::string_view text) {
  constexpr auto kLimit = static_cast<std::uint64_t>(Nanos::max().count());
  const std::uint64_t ns =
      TRY(parse_scaled("duration", text, kDurations, kLimit, "30s, 1.5ms or 5min"));
  return Nanos{static_cast<std::int64_t>(ns)};
}

Result<Bytes> parse_size(std::string_view text) {
  return Bytes{TRY(parse_scaled("size", text, kSizes, std::numeric_limits<std::uint64_t>::max(),
                                "64KiB, 4MiB or 512B"))};
}

Result<Rate> parse_rate(std::string_view text) {
  const std::string hint = "write it like 1000/s, 5/min or max";
  if (text == "max") return Rate{0, true};
  std::string_view rest = text;
  const auto number = take_double(rest);
  if (!number || rest.empty() || rest.front() != '/')
    return wrong("rate", text, "expected a number per second, or max", hint);
  rest.remove_prefix(1);
  for (const Unit& unit : kPeriods) {
    if (unit.name != rest) continue;
    const double per_second = *number / static_cast<double>(unit.factor);
    if (!(per_second > 0) || !std::isfinite(per_second))
      return wrong("rate", text, "must be greater than zero", hint);
    return Rate{per_second, false};
  }
  return wrong("rate", text, fmt::format("unknown unit \"/{}\"; known are /s, /min, /h", rest),
               hint);
}

Result<Share> parse_share(std::string_view text) {
  const std::string hint = "write it like 200% or 8";
  std::string_view rest = text;
  const auto number = take_double(rest);
  if (!number || (!rest.empty() && rest != "%"))
    return wrong("share", text, "expected a number or a percentage", hint);
  if (!(*number > 0) || !std::isfinite(*number))
    return wrong("share", text, "must be greater than zero", hint);
  return Share{*number, rest == "%"};
}

std::string print(Nanos value) {
  const std::int64_t count = value.count();
  if (count >= 0) return print_scaled(static_cast<std::uint64_t>(count), kDurations);
  return "-" + print_scaled(std::uint64_t{0} - static_cast<std::uint64_t>(count), kDurations);
}

std::string print(Bytes value) { return print_scaled(value.count, kSizes); }

std::string print(Rate value) {
  if (value.unlimited) return "max";
  std::string best;
  for (const Unit& unit : kPeriods) {
    const auto factor = static_cast<double>(unit.factor);
    // The product may round, so the quotient decides whether this unit reads back exactly.
    const std::string digits = shortest(value.per_second * factor);
    double number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (number / factor != value.per_second) continue;
    const std::string text = fmt::format("{}/{}", digits, unit.name);
    if (best.empty() || text.size() + 2 < best.size())
      best = text;  // prefer /s unless clearly longer
  }
  return best;
}

std::string print(Share value) { return shortest(value.number) + (value.percent ? "%" : ""); }

std::string human_time(double nanoseconds) {
  static constexpr std::array kSteps = {Step{1, "ns"}, Step{1e3, "us"}, Step{1e6, "ms"},
                                        Step{1e9, "s"}};
  const double size = std::fabs(nanoseconds);
  if (size >= 0.9995 * 1e12 * 60) return three_digits(nanoseconds / 3.6e12) + " h";
  if (size >= 0.9995 * 1e12) return three_digits(nanoseconds / 6e10) + " min";
  return with_step(nanoseconds, kSteps);
}

std::string human_span(Nanos value) {
  // The least value has no positive counterpart.
  if (value < Nanos{0}) return "-" + human_span(-std::max(value, -Nanos::max()));
  if (value < std::chrono::seconds{1}) return human_time(static_cast<double>(value.count()));
  // Not chrono::round(), which overflows near the largest value. Halves go to the even second.
  constexpr std::int64_t kSecond = 1'000'000'000;
  const std::int64_t whole = value.count() / kSecond, rest = value.count() % kSecond;
  const bool up = rest > kSecond / 2 || (rest == kSecond / 2 && whole % 2 != 0);
  const std::int64_t seconds = whole + (up ? 1 : 0);
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  const auto minutes = (seconds + 30) / 60;
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string human_number(double value) {
  static constexpr std::array kSteps = {Step{1, ""}, Step{1e3, "k"}, Step{1e6, "M"},
                                        Step{1e9, "G"}};
  if (std::fabs(value) < 1000 && value == std::floor(value)) return fmt::format("{:.0f}", value);
  return with_step(value, kSteps);
}

}  // namespace isolab
