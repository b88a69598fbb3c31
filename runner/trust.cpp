// SPDX-License-Identifier: Apache-2.0
#include "runner/trust.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/environment.h"
#include "base/output.h"
#include "workloads/workload.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

/// Kernel files whose value is a program that the kernel starts as root, or that stop the machine.
bool makes_the_kernel_act(const std::string& setting) {
  const fs::path path = fs::path(setting).lexically_normal();
  const std::string text = path.string(), name = path.filename().string();
  for (const char* one : {"core_pattern", "modprobe", "hotplug", "poweroff_cmd", "uevent_helper",
                          "release_agent", "panic", "sysrq"})
    if (name == one) return true;
  return text.starts_with("/proc/sys/fs/binfmt_misc/") || text.starts_with("/sys/power/") ||
         text.starts_with("/sys/firmware/") || text.starts_with("/sys/kernel/security/");
}

}  // namespace

std::vector<std::string> foreign_code(const Plan& plan) {
  std::vector<std::string> found;
  const auto add = [&](const std::string& phrase) {
    if (std::find(found.begin(), found.end(), phrase) == found.end()) found.push_back(phrase);
  };
  for (const auto& arm : plan.arms) {
    for (const auto& use : arm.workloads) {
      const WorkloadInfo* info = find_workload(use.name);
      if (info == nullptr) continue;
      for (const auto& spec : info->params) {
        const bool code = std::find(info->code_params.begin(), info->code_params.end(),
                                    spec.name) != info->code_params.end();
        const auto value = use.params.find(spec.name);
        if (code && value != use.params.end() && value->second != spec.fallback)
          add(visible_line(fmt::format("arm {}: {} {}=[{}]", arm.name, use.name, spec.name,
                                       fmt::join(value->second, " "))));
      }
    }
    for (const auto& setting : arm.settings)
      if (makes_the_kernel_act(setting.path))
        add(visible_line(fmt::format("arm {}: {} = {}", arm.name, setting.path, setting.value)));
  }
  return found;
}

bool ships_with_isolab(const std::string& profile_path) {
  std::error_code error;
  const fs::path file = fs::canonical(profile_path, error);
  if (error) return false;
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return false;
  const auto sudo = environment("SUDO_UID");
  const bool ours = found.st_uid == 0 || found.st_uid == ::geteuid() ||
                    (sudo && std::to_string(found.st_uid) == *sudo);
  if (!ours || (found.st_mode & S_IWOTH) != 0) return false;
  for (const char* home : {ISOLAB_SHARE_DIR "/profiles", ISOLAB_SOURCE_DIR "/profiles"})
    if (const fs::path place = fs::canonical(home, error); !error && file.parent_path() == place)
      return true;
  return false;
}

Result<void> check_commands(const std::string& profile_path, const Plan& plan, bool allowed) {
  if (allowed) return {};
  const auto code = foreign_code(plan);
  if (code.empty() || ships_with_isolab(profile_path)) return {};
  return Error{ErrorKind::denied,
               fmt::format("{} would run code of its own choice as {}:\n  {}", profile_path,
                           ::geteuid() == 0 ? "root" : "you", fmt::join(code, "\n  ")),
               "read it, then add --allow-commands"};
}

}  // namespace isolab
