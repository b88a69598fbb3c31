// SPDX-License-Identifier: Apache-2.0
// A YAML document as a plain tree in which every node has its place. Only yaml_tree.cpp uses
// yaml-cpp; aliases are followed; duplicate keys, tags, NUL characters and second documents are
// errors.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isolab {

struct Place {
  std::string file;
  int line = 1;
  int column = 1;
  std::string text() const;  // "profiles/quick.yaml:12:3"
};

struct YamlEntry;  // Clang 14 cannot have a pair of a type that is not yet whole

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  Place place;
  bool included = false;  // is in an included file: errors do not quote its value
  std::string scalar;
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // in the order written
  std::vector<Place> key_places;   // of entries, same order

  const YamlNode* find(std::string_view key) const;
  const char* kind_word() const;  // "a map", "a list", "nothing"
  /// For messages: the scalar in quotation marks, or "the value" where it is not to be quoted.
  std::string quoted() const;
};

struct YamlEntry {
  std::string first;  // the key
  YamlNode second;
};

/// All errors of a profile, each as "file:line:column: error; expected ...; did you mean ...".
/// Each line is visible_line() and at most some hundred characters long; the first hundred lines
/// are kept.
class Diagnostics {
 public:
  void add(const Place& place, std::string what, std::string expected = {},
           std::string nearest = {});
  bool empty() const { return lines_.empty(); }
  /// More lines are only counted.
  bool full() const;
  /// In the order of the places, file by file.
  std::vector<std::string> sorted_lines() const;

 private:
  std::vector<std::pair<Place, std::string>> lines_;
  std::size_t left_out_ = 0;
};

/// The known word closest to `word` (edit distance at most a third of its length), or "".
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

/// What the documents of one profile may still take, including includes and aliases. The error
/// names the place.
struct YamlBudget {
  static constexpr int kDepth = 64;  // levels of nesting
  std::size_t nodes = 100'000;  // keys and values; what an anchor marks is kept and counts twice
  std::size_t bytes = std::size_t{1} << 20;
  int includes = 64;
};

YamlNode parse_yaml(const std::string& name, const std::string& text, Diagnostics& diagnostics,
                    YamlBudget& budget, bool included = false);
/// The same with a separate budget.
YamlNode parse_yaml(const std::string& name, const std::string& text, Diagnostics& diagnostics);

}  // namespace isolab
