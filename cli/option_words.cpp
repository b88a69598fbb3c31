// SPDX-License-Identifier: Apache-2.0
#include "cli/option_words.h"

#include <fmt/format.h>

#include <sstream>
#include <type_traits>

#include "base/text.h"

namespace isolab {
namespace {

using Path = std::filesystem::path;
using Words = std::vector<std::string>;

template <class T>
constexpr bool is_whole = std::is_same_v<T, int> || std::is_same_v<T, std::size_t> ||
                          std::is_same_v<T, std::optional<int>>;

}  // namespace

std::vector<std::string> words_of(const Option& option) {
  std::vector<std::string> words;
  std::istringstream names(option.names);
  for (std::string name; std::getline(names, name, ',');) words.push_back(name);
  return words;
}

bool is_by_place(const Option& option) { return option.names[0] != '-'; }

bool is_flag(const Option& option) { return std::holds_alternative<bool*>(option.target); }

std::string value_word(const Option& option) {
  return std::visit(
      []<class T>(const T*) -> std::string {
        if constexpr (std::is_same_v<T, bool>)
          return "";
        else if constexpr (std::is_same_v<T, Path>)
          return "FILE";
        else
          return is_whole<T> ? "N" : std::is_same_v<T, double> ? "NUMBER" : "TEXT";
      },
      option.target);
}

std::string default_text(const Option& option) {
  if (!option.shows_default) return "";
  return std::visit(
      []<class T>(const T* target) -> std::string {
        if constexpr (std::is_same_v<T, Words>)
          return join(*target, ",");
        else if constexpr (std::is_same_v<T, Path>)
          return target->string();
        else if constexpr (std::is_same_v<T, std::optional<int>>)
          return *target ? std::to_string(**target) : "";
        else
          return fmt::format("{}", *target);
      },
      option.target);
}

std::vector<const Verb*> shown_verbs(const std::vector<Verb>& verbs) {
  std::vector<const Verb*> shown;
  for (const auto& verb : verbs)
    if (!verb.hidden) shown.push_back(&verb);
  return shown;
}

}  // namespace isolab
