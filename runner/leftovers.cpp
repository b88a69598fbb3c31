// SPDX-License-Identifier: Apache-2.0
#include "runner/leftovers.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "host/cgroup.h"
#include "host/descendants.h"
#include "host/os.h"

namespace isolab {
namespace {

constexpr int kTries = 250;
constexpr int kQuickTries = 10;
constexpr Nanos kQuickPause = std::chrono::milliseconds{1};
constexpr Nanos kPause = std::chrono::milliseconds{20};
constexpr std::size_t kShown = 8;

void reap_all() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

/// "NAME (PID)"; empty for a zombie and for one that is gone.
std::string alive(const Files& files, pid_t pid) {
  const auto stat = files.read(fmt::format("/proc/{}/stat", pid));
  if (!stat) return {};
  const auto name = stat->find('('), end = stat->rfind(") ");
  if (name == std::string::npos || end == std::string::npos || end < name) return {};
  if (stat->compare(end, 4, ") Z ") == 0 || stat->compare(end, 4, ") X ") == 0) return {};
  return fmt::format("{} ({})", stat->substr(name + 1, end - name - 1), pid);
}

/// By process, so that each is named once.
using Names = std::map<pid_t, std::string>;

void add_living(const Files& files, const std::vector<pid_t>& pids, Names& names) {
  for (const pid_t pid : pids)
    if (auto name = alive(files, pid); !name.empty()) names.emplace(pid, std::move(name));
}

std::vector<std::string> values(const Names& names) {
  std::vector<std::string> out;
  for (const auto& [pid, name] : names) out.push_back(name);
  return out;
}

/// Adds to `killed`; returns those that would not die.
Names kill_descendants(const Files& files, Names& killed) {
  Names left;
  for (int i = 0; i < kTries; ++i) {
    reap_all();
    left.clear();
    const auto family = descendants_of(files, ::getpid());
    if (family.empty()) break;
    add_living(files, family, left);
    killed.insert(left.begin(), left.end());
    for (const auto& [pid, name] : left) ::kill(pid, SIGKILL);
    sleep_for(i < kQuickTries ? kQuickPause : kPause);
  }
  return left;
}

}  // namespace

Leftovers end_descendants(const Files& files) {
  Names killed;
  const Names left = kill_descendants(files, killed);
  return {values(killed), values(left)};
}

Leftovers end_leftovers(Files& files, const std::string& cgroup) {
  reap_all();
  Names killed;
  if (!cgroup.empty()) {
    if (const auto pids = processes_of(files, cgroup)) add_living(files, *pids, killed);
    (void)kill_cgroup(files, cgroup);  // what does not die is found again below
  }
  const Names left = kill_descendants(files, killed);
  return {values(killed), values(left)};
}

std::string listed(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i)
    out += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kShown) out += fmt::format(" and {} more", names.size() - kShown);
  return out;
}

}  // namespace isolab
