// SPDX-License-Identifier: Apache-2.0
// The tasks of a machine as `isolab watch` finds them in /proc when it begins and ends: which of
// them it watches, which are kernel threads, and where they were. One line a task in the file
// `watch.tasks` of a window.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace isolab {

struct WatchTask {
  std::int32_t tid = 0, tgid = 0;
  bool kernel = false;    // a kernel thread (PF_KTHREAD)
  bool runnable = false;  // state R
  bool stays = false;     // its affinity has no CPU but watched ones
  bool watched = false;   // the user named it, or its process
  int cpu = -1;           // that it ran on last
  std::string comm;
  bool operator==(const WatchTask&) const = default;
};

inline constexpr const char* kWatchTasksFile = "watch.tasks";
/// Note of a window that was watched: "pid 123", "command 123", "cpus 2-3".
inline constexpr const char* kWatchNote = "watch.target";

std::string watch_tasks_text(const std::vector<WatchTask>& tasks);
/// parse: the line's number and what is wrong with it.
Result<std::vector<WatchTask>> parse_watch_tasks(std::string_view text);
/// Of a window's directory.
Result<std::vector<WatchTask>> load_watch_tasks(const std::filesystem::path& directory);

}  // namespace isolab
