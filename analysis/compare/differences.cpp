// SPDX-License-Identifier: Apache-2.0
// What is not the same in the machines, kernels, command lines and profiles of a comparison.
#include "analysis/compare/differences.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <set>

#include "analysis/model/comparison.h"
#include "base/command_line.h"
#include "base/text.h"

namespace isolab {
namespace {

/// Facts that move on their own between two runs on one unchanged machine.
constexpr std::array kMoving = {"memory.available_bytes", "memory.direct_map_4k_bytes",
                                "memory.direct_map_2M_bytes", "memory.direct_map_1G_bytes"};

bool moving(const std::string& key) {
  return std::find(kMoving.begin(), kMoving.end(), key) != kMoving.end();
}

bool intended(const std::string& key, const ComparisonOptions& options) {
  return std::any_of(options.intended.begin(), options.intended.end(),
                     [&](const std::string& prefix) {
                       return key == prefix || (prefix.ends_with('.') && key.starts_with(prefix));
                     });
}

constexpr const char* kCommandLine = "kernel.command_line";

/// The boot that the arms of a group name; none when they name several.
std::optional<PlannedBoot> boot_of(const SessionGroup& group) {
  std::optional<PlannedBoot> out;
  for (const auto& arm : group.sessions.front()->arms) {
    if (!group.arm.empty() && arm.name != group.arm) continue;
    if (!arm.boot || (out && out != arm.boot)) return std::nullopt;
    out = arm.boot;
  }
  return out;
}

/// Where arms name their kernels and command lines, that is all that is meant to differ: releases
/// between arms of different kernels, and of the command line the words the arms add.
class NamedBoots {
 public:
  explicit NamedBoots(const std::vector<SessionGroup>& groups) : groups_(groups) {
    for (const auto& group : groups) {
      const auto boot = boot_of(group);
      any_ = any_ || boot;
      boots_.push_back(boot.value_or(PlannedBoot{}));
    }
  }

  bool any() const { return any_; }

  /// Whether the fact is a property of the kernel that was named: an option of its configuration,
  /// a file that one has and another has not, and the memory it leaves.
  static bool follows_from_kernel(const std::string& key,
                                  const std::vector<std::set<std::string>>& values) {
    if (key.starts_with("kernel.config.")) return true;
    double least = 0, most = 0;
    for (const auto& of_group : values)
      for (const auto& value : of_group) {
        if (value.starts_with("unknown: ")) return true;
        const double number = std::strtod(value.c_str(), nullptr);
        least = least == 0 ? number : std::min(least, number);
        most = std::max(most, number);
      }
    return key.ends_with("_bytes") && least > 0 && most < 1.01 * least;
  }

  /// Whether groups of one kernel agree in what follows from the kernel.
  bool only_between_kernels(const std::vector<std::set<std::string>>& values) const {
    for (std::size_t i = 0; i < values.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (boots_[i].kernel == boots_[j].kernel && values[i] != values[j]) return false;
    return true;
  }

  /// Whether all command lines agree but for the words of the arms.
  bool only_own_words() const {
    std::set<std::string> rest;
    for (std::size_t i = 0; i < groups_.size(); ++i)
      for (const auto* session : groups_[i].sessions) {
        const auto line = session->facts.find(kCommandLine);
        rest.insert(
            line == session->facts.end()
                ? ""
                : command_line_without(line->second, command_line_words(boots_[i].cmdline)));
      }
    return rest.size() == 1;
  }

 private:
  const std::vector<SessionGroup>& groups_;
  std::vector<PlannedBoot> boots_;
  bool any_ = false;
};

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
  const NamedBoots boots(groups);
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
    Difference difference{key, {}, !within && intended(key, options), within};
    // What a kernel leaves of the memory differs by pages from boot to boot, too.
    const bool may_vary = !within || key.ends_with("_bytes");
    if (boots.any() && may_vary && key != kCommandLine &&
        ((difference.intended && key.starts_with("kernel.")) ||
         boots.follows_from_kernel(key, values)))
      difference.intended = within || boots.only_between_kernels(values);
    if (boots.any() && !within && key == kCommandLine)
      difference.intended = difference.intended || boots.only_own_words();
    for (const auto& of_group : values) difference.values.push_back(join(of_group, " | "));
    out.push_back(std::move(difference));
  }
  return out;
}

}  // namespace isolab
