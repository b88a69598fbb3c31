// SPDX-License-Identifier: Apache-2.0
// A YAML document as a plain tree in which every node knows its place. yaml_tree.cpp is the only
// file that knows yaml-cpp; anchors are followed, duplicate keys and tags are errors.
#pragma once

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
  std::string scalar;
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // in the order written
  std::vector<Place> key_places;   // of entries, same order

  const YamlNode* find(std::string_view key) const;
  const char* kind_word() const;  // "a map", "a list", "nothing"
};

struct YamlEntry {
  std::string first;  // the key
  YamlNode second;
};

/// Everything wrong with a profile, each as "file:line:column: what is wrong; expected what; did
/// you mean ...".
class Diagnostics {
 public:
  void add(const Place& place, std::string what, std::string expected = {},
           std::string nearest = {});
  bool empty() const { return lines_.empty(); }
  /// In the order of the places, file by file.
  std::vector<std::string> sorted_lines() const;

 private:
  std::vector<std::pair<Place, std::string>> lines_;
};

/// The known word closest to `word` (edit distance at most a third of its length), or "".
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

/// Reads `path` and, first, the files its top-level `include:` names (relative to it): maps are
/// merged, everything else is replaced, the including file wins. `text` collects the files
/// verbatim.
YamlNode load_yaml(const std::string& path, Diagnostics& diagnostics, std::string& text);

/// The same for text in memory, without includes (tests).
YamlNode parse_yaml(const std::string& name, const std::string& text, Diagnostics& diagnostics);

}  // namespace isolab
