// SPDX-License-Identifier: Apache-2.0
#include "host/descendants.h"

#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace isolab {
namespace {

/// Parent of a process from "PID (any) text) S PPID ...": the name may hold parentheses.
std::optional<pid_t> parent_in(std::string_view stat) {
  const auto name_end = stat.rfind(") ");
  if (name_end == std::string_view::npos || stat.size() < name_end + 5) return std::nullopt;
  stat.remove_prefix(name_end + 4);
  pid_t parent = 0;
  const auto parsed = std::from_chars(stat.data(), stat.data() + stat.size(), parent);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return parent;
}

}  // namespace

std::vector<pid_t> descendants_of(const Files& files, pid_t ancestor) {
  std::multimap<pid_t, pid_t> children;
  for (const auto& name : files.list("/proc").value_or(std::vector<std::string>{})) {
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size()) continue;
    const auto stat = files.read("/proc/" + name + "/stat");
    if (!stat) continue;
    if (const auto parent = parent_in(*stat)) children.emplace(*parent, pid);
  }
  std::vector<pid_t> found{ancestor};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto [first, last] = children.equal_range(found[i]);
    for (auto child = first; child != last; ++child) found.push_back(child->second);
  }
  found.erase(found.begin());
  return found;
}

}  // namespace isolab
