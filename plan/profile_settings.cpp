// SPDX-License-Identifier: Apache-2.0
// The key `settings:` of an arm: kernel files that are written for its windows and put back.
#include <algorithm>
#include <filesystem>

#include "base/output.h"
#include "host/fair_server.h"
#include "plan/allowed_commands.h"
#include "plan/profile_parts.h"
#include "plan/yaml_tree.h"

namespace isolab {
namespace {

constexpr std::size_t kLongestValue = 1024;

std::string wrong_path(const std::string& path) {
  if (!path.starts_with("/proc/sys/") && !path.starts_with("/sys/")) return "is not a kernel file";
  if (path.find("/../") != std::string::npos || path.ends_with("/..")) return "contains ..";
  if (path.size() > kLongestValue || path.ends_with('/') || visible_line(path) != path ||
      std::filesystem::path(path).lexically_normal().string() != path)
    return "is not a plain path";
  return {};
}

}  // namespace

void read_settings(ProfileValues& values, const YamlNode& node,
                   const std::optional<PlannedIsolation>& isolation, ProfileArm& arm) {
  if (!values.is_map(node, "settings", "paths and values: {/proc/sys/vm/stat_interval: 10}"))
    return;
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    const auto& [path, value] = node.entries[i];
    const Place& place = node.key_places[i];
    if (const auto why = wrong_path(path); !why.empty())
      values.diagnostics().add(place, "setting \"" + path + "\" " + why,
                               "a plain path below /proc/sys or /sys");
    else if (value.kind != YamlNode::Kind::scalar)
      values.wrong(value, path + ": is " + value.kind_word(), "a single value");
    else if (value.scalar.size() > kLongestValue || visible_line(value.scalar) != value.scalar)
      values.wrong(value, path + ": is too long or has control characters", "one printable line");
    else if (const auto one_way = cannot_be_put_back(path, value.scalar); !one_way.empty())
      values.diagnostics().add(place, "setting " + path + " cannot be restored: " + one_way,
                               "use a setting that can be restored");
    else if (const auto cpu = fair_server_cpu(path);
             cpu && isolation && isolation->via == "partition" && isolation->cpus.contains(*cpu))
      values.diagnostics().add(
          place,
          "setting " + path +
              " and isolation: via: partition: Linux 6.12 warns, and is tainted, "
              "when the fair server of a CPU in a partition is set",
          "use isolation: via: cmdline, or do not set the server");
    arm.settings.push_back({path, value.scalar});
  }
}

}  // namespace isolab
