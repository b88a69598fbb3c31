// SPDX-License-Identifier: Apache-2.0
#include "import/rtla_text.h"

#include "import/lines.h"

namespace isolab {

std::string without_escapes(std::string_view text) {
  constexpr char kEscape = '\x1b';
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != kEscape) {
      out += text[i];
      continue;
    }
    if (++i >= text.size() || text[i] != '[') continue;  // ESC c clears the screen
    while (++i < text.size() && (text[i] < '@' || text[i] > '~')) {
    }
  }
  return out;
}

std::optional<double> rtla_duration(std::string_view text) {
  const auto days = import_count(take_import_word(text));
  std::string_view clock = take_import_word(text);
  std::uint64_t parts[3] = {};
  for (auto& part : parts) {
    const auto colon = std::min(clock.find(':'), clock.size());
    const auto number = import_count(clock.substr(0, colon));
    if (!number) return std::nullopt;
    part = *number;
    clock.remove_prefix(std::min(colon + 1, clock.size()));
  }
  if (!days || *days > 36500 || parts[0] > 23 || parts[1] > 59 || parts[2] > 60)
    return std::nullopt;
  return static_cast<double>(*days) * 86400 + static_cast<double>(parts[0]) * 3600 +
         static_cast<double>(parts[1]) * 60 + static_cast<double>(parts[2]);
}

std::optional<int> rtla_column(std::string_view word, std::string_view kind) {
  if (!word.starts_with(kind) || word.size() <= kind.size() || word[kind.size()] != '-')
    return std::nullopt;
  const auto number = import_count(word.substr(kind.size() + 1));
  if (!number || *number >= 8192) return std::nullopt;
  return static_cast<int>(*number);
}

}  // namespace isolab
