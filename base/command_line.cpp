// SPDX-License-Identifier: Apache-2.0
#include "base/command_line.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

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
  return join(left, " ");
}

std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           std::string("-_./=,:+@%").find(c) != std::string::npos;
  });
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace isolab
