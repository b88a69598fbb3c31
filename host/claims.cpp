// SPDX-License-Identifier: Apache-2.0
// Which changes of the machine isolab makes and undoes. The guard makes no other, and a journal
// that lists another is not ours.
#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sstream>

#include "host/journal.h"

namespace isolab {
namespace {

constexpr std::string_view kOurs = "isolab";
std::string place_of_tests;

/// "/proc/sys/vm/swappiness", not "/proc/sys/../../home".
bool is_plain(const std::string& path) {
  const std::filesystem::path given = path;
  return path.size() < 4096 && path.find('\0') == std::string::npos && given.is_absolute() &&
         given.lexically_normal() == given && given.has_filename();
}

/// Below a mount of one of these: where cgroup v2 is not at /sys/fs/cgroup, say.
bool in_kernel_mount(const Files& files, const std::string& path) {
  std::istringstream lines(files.read("/proc/self/mounts").value_or(std::string()));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string device, place, type;
    words >> device >> place >> type;
    if ((type == "cgroup2" || type == "cgroup" || type == "tracefs" || type == "debugfs") &&
        path.starts_with(place + '/'))
      return true;
  }
  return false;
}

bool is_kernels(const Files& files, const std::string& path) {
  constexpr const char* kPlaces[] = {"/proc/sys/", "/proc/irq/", "/sys/"};
  return std::any_of(std::begin(kPlaces), std::end(kPlaces),
                     [&](const char* place) { return path.starts_with(place); }) ||
         (!place_of_tests.empty() && path.starts_with(place_of_tests + '/')) ||
         in_kernel_mount(files, path);
}

bool is_word(const std::string& name, std::string_view more) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           more.find(c) != std::string_view::npos;
  });
}

}  // namespace

void allow_claims_below(const std::string& place) { place_of_tests = place; }

Result<void> check_claim(const Files& files, const Claim& claim, const std::string& name) {
  const auto refused = [&](const char* why) {
    return Error{ErrorKind::usage, "cannot change " + claim.path + ": " + why};
  };
  if (!is_plain(claim.path)) return refused("it is not a plain absolute path");
  if (!is_kernels(files, claim.path))
    return refused("isolab changes files below /proc/sys, /proc/irq, /sys, and cgroups alone");
  const std::string file = std::filesystem::path(claim.path).filename().string();
  switch (claim.kind) {
    case Claim::Kind::value: return {};
    case Claim::Kind::directory:
    case Claim::Kind::cgroup:
      if (!file.starts_with(kOurs))
        return refused("directories made by isolab are named isolab...");
      return {};
    case Claim::Kind::controller:
      if (file != "cgroup.subtree_control" || !is_word(name, ""))
        return refused("it is not a list of cgroup controllers");
      return {};
    case Claim::Kind::kprobe:
      if (file != "kprobe_events" || !name.starts_with(kOurs) || !is_word(name, "/"))
        return refused("kprobe events made by isolab are named isolab...");
      return {};
  }
  return {};
}

}  // namespace isolab
