// SPDX-License-Identifier: Apache-2.0
#include "host/facts/cpuset.h"

#include <sstream>
#include <string>
#include <vector>

#include "host/cgroup.h"

namespace isolab {
namespace {

struct Mount {
  std::string place;
  bool unified = false;
};

/// Mounts of cgroup v2 and of the v1 cpuset controller. /proc/self/mounts: "none /sys/fs/cgroup
/// cgroup2 rw 0 0"; a v1 mount lists its controllers among the options.
std::vector<Mount> cpuset_mounts(const Files& files) {
  auto table = files.read("/proc/self/mounts");
  if (!table) table = files.read("/proc/mounts");
  std::vector<Mount> mounts;
  std::istringstream lines(table.value_or(std::string()));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string device, place, type, options;
    words >> device >> place >> type >> options;
    if (type == "cgroup2") mounts.push_back({place, true});
    if (type == "cgroup" && ("," + options + ",").find(",cpuset,") != std::string::npos)
      mounts.push_back({place, false});
  }
  // The usual places, for a machine whose mounts cannot be read.
  if (mounts.empty())
    mounts = {{"/sys/fs/cgroup", true},
              {"/sys/fs/cgroup/unified", true},
              {"/sys/fs/cgroup/cpuset", false}};
  return mounts;
}

}  // namespace

std::optional<CpuSet> cpuset_cpus(const Files& files) {
  for (const Mount& mount : cpuset_mounts(files)) {
    // v1 before Linux 3.17 has no effective mask: there cpuset.cpus is in force.
    const std::vector<std::string> names =
        mount.unified ? std::vector<std::string>{"/cpuset.cpus.effective"}
                      : std::vector<std::string>{"/cpuset.effective_cpus", "/cpuset.cpus"};
    auto path = own_cgroup_path(files, mount.unified ? "" : "cpuset");
    // Where that file cannot be read: this one has the path of whichever hierarchy has the
    // controller.
    if (!path) path = std::string(trimmed(files.read("/proc/self/cpuset").value_or(std::string())));
    if (!path->starts_with('/') || path->find("/..") != std::string::npos) continue;
    for (const std::string& directory : up_to_root(*path))
      for (const std::string& name : names)
        if (const auto text = files.read(mount.place + directory + name); text)
          if (const auto cpus = CpuSet::parse(*text); cpus && !cpus->empty()) return *cpus;
  }
  return std::nullopt;
}

}  // namespace isolab
