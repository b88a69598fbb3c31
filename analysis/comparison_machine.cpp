// SPDX-License-Identifier: Apache-2.0
// What is not the same in the machines, kernels, command lines and profiles of a comparison.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "analysis/comparison.h"

namespace isolab {
namespace {

/// Facts that move on their own between two runs on one unchanged machine.
constexpr std::array kMoving = {"memory.available_bytes", "memory.direct_map_4k_bytes",
                                "memory.direct_map_2M_bytes", "memory.direct_map_1G_bytes"};

bool moving(const std::string& key) {
  return std::find(kMoving.begin(), kMoving.end(), key) != kMoving.end();
}

bool intended(const std::string& key, const ComparisonOptions& options) {
  return std::any_of(options.intended.begin(), options.intended.end(), [&](const std::string& one) {
    return key == one || (one.ends_with('.') && key.starts_with(one));
  });
}

/// Everything about a session that ought to be alike, in the order it is told.
std::vector<std::pair<std::string, std::string>> identity(const Findings& findings) {
  std::vector<std::pair<std::string, std::string>> out{
      {"profile", findings.profile},
      {"profile hash", findings.profile_hash},
      {"isolab version", findings.isolab_version},
      {"measured CPUs", findings.measured},
      {"housekeeping CPUs", findings.housekeeping},
      {"window", fmt::format("{} s", findings.measure_s)},
      {"repeats", std::to_string(findings.repeats)},
      {"status", findings.status}};
  for (const auto& [key, value] : findings.facts)
    if (!moving(key)) out.emplace_back(key, value);
  return out;
}

}  // namespace

std::vector<Difference> find_differences(const std::vector<SessionGroup>& groups,
                                         const ComparisonOptions& options) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::set<std::string>>> seen;
  std::map<std::string, std::vector<std::size_t>> sessions;  // that have the key
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const auto* session : groups[i].sessions) {
      for (const auto& [key, value] : identity(*session)) {
        auto& values = seen[key];
        if (values.empty()) {
          values.resize(groups.size());
          sessions[key].resize(groups.size());
          order.push_back(key);
        }
        values[i].insert(value);
        ++sessions[key][i];
      }
    }
  }
  std::vector<Difference> out;
  for (const auto& key : order) {
    auto& values = seen.at(key);
    for (std::size_t i = 0; i < groups.size(); ++i)
      if (sessions[key][i] < groups[i].sessions.size()) values[i].insert("not recorded");
    const bool within = std::any_of(values.begin(), values.end(),
                                    [](const auto& of_group) { return of_group.size() > 1; });
    const bool between = std::any_of(values.begin(), values.end(), [&](const auto& of_group) {
      return of_group != values.front();
    });
    if (!within && !between) continue;
    Difference one{key, {}, !within && intended(key, options), within};
    for (const auto& of_group : values) {
      std::string text;
      for (const auto& value : of_group) text += (text.empty() ? "" : " | ") + value;
      one.values.push_back(text);
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace isolab
