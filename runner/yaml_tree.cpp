// SPDX-License-Identifier: Apache-2.0
#include "runner/yaml_tree.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <tuple>

namespace isolab {
namespace {

constexpr int kMaxDepth = 32;  // of nesting and of includes: a cycle ends here

Place place_of(const std::string& file, const YAML::Mark& mark) {
  return {file, mark.line + 1, mark.column + 1};
}

YamlNode convert(const std::string& file, const YAML::Node& from, Diagnostics& diagnostics,
                 int depth) {
  YamlNode node;
  node.place = place_of(file, from.Mark());
  if (depth > kMaxDepth) {
    diagnostics.add(node.place, "nested too deeply", "at most 32 levels");
    return node;
  }
  switch (from.Type()) {
    case YAML::NodeType::Scalar:
      node.kind = YamlNode::Kind::scalar;
      node.scalar = from.Scalar();
      break;
    case YAML::NodeType::Sequence:
      node.kind = YamlNode::Kind::list;
      for (const auto& item : from)
        node.items.push_back(convert(file, item, diagnostics, depth + 1));
      break;
    case YAML::NodeType::Map:
      node.kind = YamlNode::Kind::map;
      for (const auto& entry : from) {
        const Place at = place_of(file, entry.first.Mark());
        if (!entry.first.IsScalar()) {
          diagnostics.add(at, "a key must be a word");
          continue;
        }
        const std::string& key = entry.first.Scalar();
        if (node.find(key) != nullptr) {
          diagnostics.add(at, "\"" + key + "\" stands here a second time");
          continue;
        }
        node.entries.push_back({key, convert(file, entry.second, diagnostics, depth + 1)});
        node.key_places.push_back(at);
      }
      break;
    default: break;
  }
  return node;
}

void merge(YamlNode& base, YamlNode over) {
  if (base.kind != YamlNode::Kind::map || over.kind != YamlNode::Kind::map) {
    base = std::move(over);
    return;
  }
  base.place = over.place;
  for (std::size_t i = 0; i < over.entries.size(); ++i) {
    auto& [key, value] = over.entries[i];
    const auto same = std::find_if(base.entries.begin(), base.entries.end(),
                                   [&key = key](const auto& entry) { return entry.first == key; });
    if (same == base.entries.end()) {
      base.entries.push_back({key, std::move(value)});
      base.key_places.push_back(over.key_places[i]);
    } else {
      base.key_places[static_cast<std::size_t>(same - base.entries.begin())] = over.key_places[i];
      merge(same->second, std::move(value));
    }
  }
}

YamlNode load(const std::string& path, const Place& from, Diagnostics& diagnostics,
              std::string& text, int depth) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) {
    diagnostics.add(from, "cannot read " + path, "a profile in YAML");
    return {};
  }
  YamlNode node = parse_yaml(path, content.str(), diagnostics);
  YamlNode merged;
  if (const YamlNode* includes = node.find("include")) {
    std::vector<const YamlNode*> names;
    if (includes->kind == YamlNode::Kind::scalar) names.push_back(includes);
    for (const auto& item : includes->items) names.push_back(&item);
    if (names.empty())
      diagnostics.add(includes->place, "include: names no file", "a file or a list of files");
    for (const YamlNode* name : names) {
      if (name->kind != YamlNode::Kind::scalar) {
        diagnostics.add(name->place, "include: expected a file name");
      } else if (depth >= kMaxDepth) {
        diagnostics.add(name->place, "includes go round in a circle");
      } else {
        const auto next = std::filesystem::path(path).parent_path() / name->scalar;
        merge(merged, load(next.string(), name->place, diagnostics, text, depth + 1));
      }
    }
    const auto at = std::find_if(node.entries.begin(), node.entries.end(),
                                 [](const auto& entry) { return entry.first == "include"; });
    node.key_places.erase(node.key_places.begin() + (at - node.entries.begin()));
    node.entries.erase(at);
  }
  text += "# file: " + std::filesystem::path(path).filename().string() + "\n" + content.str();
  merge(merged, std::move(node));
  return merged;
}

}  // namespace

std::string Place::text() const {
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const auto& [name, node] : entries)
    if (name == key) return &node;
  return nullptr;
}

const char* YamlNode::kind_word() const {
  switch (kind) {
    case Kind::null: return "nothing";
    case Kind::scalar: return "a single value";
    case Kind::list: return "a list";
    case Kind::map: return "a map";
  }
  return "?";
}

void Diagnostics::add(const Place& place, std::string what, std::string expected,
                      std::string nearest) {
  std::string line = place.text() + ": " + std::move(what);
  if (!expected.empty()) line += "; expected " + std::move(expected);
  if (!nearest.empty()) line += "; did you mean \"" + std::move(nearest) + "\"?";
  lines_.emplace_back(place, std::move(line));
}

std::vector<std::string> Diagnostics::sorted_lines() const {
  auto sorted = lines_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return std::tie(a.first.file, a.first.line, a.first.column) <
           std::tie(b.first.file, b.first.line, b.first.column);
  });
  std::vector<std::string> out;
  for (auto& [place, line] : sorted)
    if (out.empty() || out.back() != line) out.push_back(std::move(line));
  return out;
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = word.size() / 3 + 2;  // this far or farther is no typo
  for (const auto& candidate : known) {
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= word.size(); ++i) {  // Levenshtein distance, one row at a time
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t substitute = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

YamlNode load_yaml(const std::string& path, Diagnostics& diagnostics, std::string& text) {
  return load(path, Place{path, 1, 1}, diagnostics, text, 0);
}

YamlNode parse_yaml(const std::string& name, const std::string& text, Diagnostics& diagnostics) {
  try {
    return convert(name, YAML::Load(text), diagnostics, 0);
  } catch (const YAML::Exception& error) {
    diagnostics.add(place_of(name, error.mark), error.msg, "YAML");
    return {};
  }
}

}  // namespace isolab
