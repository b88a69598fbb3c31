// SPDX-License-Identifier: Apache-2.0
#include "base/command_line.h"

#include <algorithm>

namespace isolab {

std::vector<std::string> command_line_words(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    const bool blank = c == ' ' || (c >= '\t' && c <= '\r');
    if (!blank || quoted) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

std::string command_line_without(std::string_view line, const std::vector<std::string>& words) {
  auto left = command_line_words(line);
  for (const auto& word : words)
    if (const auto last = std::find(left.rbegin(), left.rend(), word); last != left.rend())
      left.erase(std::next(last).base());
  std::string out;
  for (const auto& word : left) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace isolab
