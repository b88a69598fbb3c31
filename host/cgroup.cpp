// SPDX-License-Identifier: Apache-2.0
#include "host/cgroup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <chrono>
#include <sstream>

#include "host/os.h"

namespace isolab {
namespace {

constexpr int kKillTries = 200;
constexpr Nanos kKillPause = std::chrono::milliseconds{10};

/// A cgroup and all below it, each after the one it is in. Only a directory has cgroup.procs.
Result<std::vector<std::string>> tree(const Files& files, const std::string& cgroup) {
  std::vector<std::string> places{cgroup};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto names = files.list(places[i]);
    if (!names && i == 0) return names.error();
    if (!names) continue;  // removed in the meantime
    for (const auto& name : *names)
      if (files.exists(places[i] + '/' + name + "/cgroup.procs"))
        places.push_back(places[i] + '/' + name);
  }
  return places;
}

}  // namespace

std::optional<std::string> own_cgroup_path(const Files& files, std::string_view controller) {
  // "0::/user.slice", "9:cpu,cpuacct:/batch"
  std::istringstream lines(files.read("/proc/self/cgroup").value_or(std::string()));
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controller.empty() ? names != ",,"
                           : names.find("," + std::string(controller) + ",") == std::string::npos)
      continue;
    std::string path = line.substr(second + 1);
    if (!path.starts_with('/') || path.find("/..") != std::string::npos ||
        path.ends_with(" (deleted)"))
      return std::nullopt;
    return path;
  }
  return std::nullopt;
}

std::vector<std::string> up_to_root(std::string path) {
  std::vector<std::string> out;
  if (path == "/") path.clear();
  for (auto slash = path.rfind('/'); slash != std::string::npos; slash = path.rfind('/')) {
    out.push_back(path);
    path.resize(slash);
  }
  out.emplace_back();
  return out;
}

Result<std::string> cgroup2_mount(const Files& files) {
  // "36 25 0:32 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw" (proc(5), mountinfo).
  std::istringstream lines(TRY(files.read("/proc/self/mountinfo")));
  for (std::string line; std::getline(lines, line);) {
    const auto separator = line.find(" - ");
    if (separator == std::string::npos || !line.substr(separator + 3).starts_with("cgroup2 "))
      continue;
    std::istringstream words(line);
    std::string skipped, root, place;
    words >> skipped >> skipped >> skipped >> root >> place;
    if (root == "/" && !place.empty()) return place;
  }
  return Error{
      ErrorKind::unsupported, "no cgroup v2 is mounted here",
      "mount -t cgroup2 none /sys/fs/cgroup, or boot with systemd.unified_cgroup_hierarchy"};
}

Result<std::string> own_cgroup(const Files& files) {
  const std::string mount = TRY(cgroup2_mount(files));
  if (const auto path = own_cgroup_path(files, "")) return mount + (*path == "/" ? "" : *path);
  return Error{ErrorKind::unsupported, "cannot find the cgroup v2 of this process"};
}

Result<void> enter_cgroup(Files& files, const std::string& cgroup) {
  return files.write(cgroup + "/cgroup.procs", "0");
}

Result<void> enter_cgroup_as_thread(Files& files, const std::string& cgroup) {
  return files.write(cgroup + "/cgroup.threads", "0");
}

Result<std::vector<pid_t>> processes_of(const Files& files, const std::string& cgroup) {
  std::vector<pid_t> found;
  for (const auto& place : TRY(tree(files, cgroup))) {
    const auto text = files.read(place + "/cgroup.procs");
    if (!text && place == cgroup) return text.error();
    if (!text) continue;  // removed in the meantime, or threaded: its processes are listed above it
    std::istringstream pids(*text);
    for (pid_t pid = 0; pids >> pid;) found.push_back(pid);
  }
  return found;
}

Result<void> kill_cgroup(Files& files, const std::string& cgroup) {
  const bool at_once = files.exists(cgroup + "/cgroup.kill");
  std::vector<pid_t> left;
  for (int i = 0; i < kKillTries; ++i) {
    left = TRY(processes_of(files, cgroup));
    if (left.empty()) return {};
    if (at_once) {
      if (i == 0) TRY(files.write(cgroup + "/cgroup.kill", "1"));
    } else {
      // 0 is a process of another PID namespace: not ours to kill.
      for (const pid_t pid : left)
        if (pid > 1) ::kill(pid, SIGKILL);
    }
    sleep_for(kKillPause);
  }
  return Error{ErrorKind::io,
               fmt::format("cannot kill processes of {}: {}", cgroup, fmt::join(left, " ")),
               "they may be stuck in the kernel; isolab restore tries again"};
}

Result<void> remove_cgroup(Files& files, const std::string& cgroup) {
  const auto places = TRY(tree(files, cgroup));
  for (auto place = places.rbegin(); place != places.rend(); ++place)
    if (auto removed = files.remove_dir(*place); !removed && files.exists(*place)) return removed;
  return {};
}

}  // namespace isolab
