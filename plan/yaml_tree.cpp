// SPDX-License-Identifier: Apache-2.0
#include "plan/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <tuple>
#include <unordered_set>

#include "base/output.h"

namespace isolab {
namespace {

constexpr std::size_t kMostLines = 100, kLongestPart = 600, kLongestQuote = 80;

std::string cut(std::string text, std::size_t most) {
  if (text.size() > most) text.resize(most), text += "...";
  return text;
}

/// Builds the tree from the parser's events, so that a document never takes more than its budget:
/// the first event beyond it ends the parsing.
class Builder final : public YAML::EventHandler {
 public:
  struct Stop {};

  Builder(const std::string& file, bool included, Diagnostics& diagnostics, YamlBudget& budget)
      : file_(file), included_(included), diagnostics_(diagnostics), budget_(budget) {
    root_.place = Place{file, 1, 1};
  }

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      stop(place(mark), "a second document begins here", "one document per file");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(leaf(mark, YamlNode::Kind::null), anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Part part = leaf(mark, YamlNode::Kind::scalar);
    if (tag == "tag:yaml.org,2002:null")
      part.node.kind = YamlNode::Kind::null;  // what later versions of yaml-cpp call OnNull()
    else
      refuse_tag(mark, tag);
    if (value.find('\0') != std::string::npos)
      diagnostics_.add(part.node.place, "the value contains a NUL character");
    part.node.scalar = value;
    add(std::move(part), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(place(mark), "an alias is inside the value that it names");
    spend(place(mark), found->second.count);
    check_depth(place(mark), found->second.height);
    add(found->second, YAML::NullAnchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, YamlNode::Kind::list, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, YamlNode::Kind::map, tag, anchor);
  }
  void OnMapEnd() override { end(); }

  Place place(const YAML::Mark& mark) const {
    return {file_, std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1};
  }

 private:
  struct Part {
    YamlNode node;
    std::size_t count = 1;  // nodes in it
    int height = 1;         // levels of it
  };
  struct Open {
    Part part;
    YAML::anchor_t anchor;
    std::optional<std::string> key = {};  // whose value comes next
    bool skip = false;                    // that value has no place
    Place key_place = {};
    std::unordered_set<std::string> keys = {};
  };

  [[noreturn]] void stop(const Place& at, const std::string& what,
                         const std::string& expected = {}) {
    diagnostics_.add(at, what, expected);
    throw Stop{};
  }

  void spend(const Place& at, std::size_t nodes) {
    if (nodes > budget_.nodes)
      stop(at, "the profile is too large here, with includes and aliases",
           fmt::format("at most {} keys and values", YamlBudget{}.nodes));
    budget_.nodes -= nodes;
  }

  void check_depth(const Place& at, int levels) {
    if (static_cast<int>(open_.size()) + levels > YamlBudget::kDepth)
      stop(at, "nested too deeply", fmt::format("at most {} levels", YamlBudget::kDepth));
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")  // those stand for "none"
      diagnostics_.add(place(mark), "unexpected tag: " + cut(tag, kLongestQuote),
                       "values without tags: the key determines the type");
  }

  Part leaf(const YAML::Mark& mark, YamlNode::Kind kind) {
    spend(place(mark), 1);
    Part part;
    part.node.kind = kind;
    part.node.place = place(mark);
    part.node.included = included_;
    return part;
  }

  void begin(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& tag,
             YAML::anchor_t anchor) {
    check_depth(place(mark), 1);
    refuse_tag(mark, tag);
    open_.push_back({leaf(mark, kind), anchor});
  }

  void end() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    add(std::move(closed.part), closed.anchor);
  }

  void add(Part part, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      spend(part.node.place, part.count);
      anchors_[anchor] = part;
    }
    if (open_.empty()) {
      root_ = std::move(part.node);
      return;
    }
    Open& into = open_.back();
    into.part.count += part.count;
    into.part.height = std::max(into.part.height, part.height + 1);
    if (into.part.node.kind == YamlNode::Kind::list)
      into.part.node.items.push_back(std::move(part.node));
    else
      add_to_map(into, std::move(part.node));
  }

  /// A map's keys and values come by turns.
  void add_to_map(Open& into, YamlNode node) {
    if (!into.key) {
      into.skip = true;
      if (node.kind != YamlNode::Kind::scalar)
        diagnostics_.add(node.place, "a key must be a word");
      else if (!into.keys.insert(node.scalar).second)
        diagnostics_.add(node.place, "\"" + cut(node.scalar, kLongestQuote) + "\" appears twice");
      else
        into.skip = false;
      into.key = std::move(node.scalar);
      into.key_place = std::move(node.place);
      return;
    }
    if (!into.skip) {
      into.part.node.entries.push_back({std::move(*into.key), std::move(node)});
      into.part.node.key_places.push_back(std::move(into.key_place));
    }
    into.key.reset();
  }

  const std::string& file_;
  const bool included_;
  Diagnostics& diagnostics_;
  YamlBudget& budget_;
  int documents_ = 0;
  YamlNode root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Part> anchors_;
};

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

std::string YamlNode::quoted() const {
  return included ? "the value" : "\"" + cut(scalar, kLongestQuote) + "\"";
}

bool Diagnostics::full() const { return lines_.size() == kMostLines; }

void Diagnostics::add(const Place& place, std::string what, std::string expected,
                      std::string nearest) {
  if (full()) {
    ++left_out_;
    return;
  }
  std::string line = place.text() + ": " + cut(std::move(what), kLongestPart);
  if (!expected.empty()) line += "; expected " + cut(std::move(expected), kLongestPart);
  if (!nearest.empty()) line += "; did you mean \"" + std::move(nearest) + "\"?";
  lines_.emplace_back(place, visible_line(line));
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
  if (left_out_ > 0) out.push_back(fmt::format("and {} more errors", left_out_));
  return out;
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  if (word.size() > kLongestQuote) return best;
  std::size_t best_distance = word.size() / 3 + 2;  // a larger distance is not a typo
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

YamlNode parse_yaml(const std::string& name, const std::string& text, Diagnostics& diagnostics,
                    YamlBudget& budget, bool included) {
  Builder builder(name, included, diagnostics, budget);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Builder::Stop&) {
    return {};
  } catch (const YAML::Exception& error) {
    // Some messages of yaml-cpp quote the text.
    diagnostics.add(builder.place(error.mark), included ? "this is not YAML" : error.msg, "YAML");
    return {};
  }
  return builder.take();
}

YamlNode parse_yaml(const std::string& name, const std::string& text, Diagnostics& diagnostics) {
  YamlBudget budget;
  return parse_yaml(name, text, diagnostics, budget);
}

}  // namespace isolab
