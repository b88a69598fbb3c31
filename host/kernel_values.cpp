// SPDX-License-Identifier: Apache-2.0
#include "host/kernel_values.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

#include "base/cpu_set.h"
#include "host/files.h"

namespace isolab {
namespace {

std::string single_spaced(std::string_view text) {
  std::string out;
  for (char c : trimmed(text)) {
    const bool space = c == ' ' || c == '\t' || c == '\n';
    if (!space) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  return out;
}

std::optional<std::int64_t> as_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
  if (hexadecimal) text.remove_prefix(2);
  std::int64_t number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, hexadecimal ? 16 : 10);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0)
    return std::nullopt;
  return negative ? -number : number;
}

/// A CPU mask without its leading zeroes; nothing if it has characters that no mask has.
std::optional<std::string_view> as_mask(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789abcdefABCDEF,") != std::string_view::npos)
    return std::nullopt;
  const auto first = text.find_first_not_of("0,");
  return first == std::string_view::npos ? std::string_view("0") : text.substr(first);
}

std::optional<bool> as_flag(std::string_view text) {
  if (text == "Y" || text == "y" || text == "1") return true;
  if (text == "N" || text == "n" || text == "0") return false;
  return std::nullopt;
}

bool is_list(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789,-") == std::string_view::npos &&
         text.find_first_of(",-") != std::string_view::npos;
}

}  // namespace

std::string chosen_value(std::string_view text) {
  text = trimmed(text);
  const auto open = text.find('[');
  const auto close = text.find(']');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return std::string(text);
  const bool one = text.find('[', open + 1) == std::string_view::npos &&
                   text.find(']', close + 1) == std::string_view::npos;
  const std::string_view word = text.substr(open + 1, close - open - 1);
  const bool starts = open == 0 || text[open - 1] == ' ';
  const bool ends = close + 1 == text.size() || text[close + 1] == ' ';
  if (!one || !starts || !ends || word.empty() || word.find(' ') != std::string_view::npos)
    return std::string(text);
  return std::string(word);
}

bool same_value(std::string_view left, std::string_view right) {
  const std::string a = single_spaced(left);
  const std::string b = single_spaced(right);
  if (a == b) return true;
  if (const auto x = as_number(a), y = as_number(b); x && y) return *x == *y;
  if (const auto x = as_flag(a), y = as_flag(b); x && y) return *x == *y;
  if (is_list(a) && is_list(b)) {
    const auto x = CpuSet::parse(a), y = CpuSet::parse(b);
    if (x && y && *x == *y) return true;
  }
  const auto x = as_mask(a), y = as_mask(b);
  return x && y && *x == *y;
}

}  // namespace isolab
