// SPDX-License-Identifier: Apache-2.0
#include "results/watch_tasks.h"

#include <fmt/format.h>

#include <sstream>

#include "base/untrusted_file.h"

namespace isolab {
namespace {

/// TID TGID CPU FLAGS COMM; FLAGS is "-" or letters.
bool read_watch_task(std::istringstream& line, WatchTask& task) {
  std::string flags;
  if (!(line >> task.tid >> task.tgid >> task.cpu >> flags) || task.tid <= 0 || task.tgid <= 0)
    return false;
  if (flags.find_first_not_of("-krsw") != std::string::npos) return false;
  const auto has = [&](char letter) { return flags.find(letter) != std::string::npos; };
  task.kernel = has('k'), task.runnable = has('r'), task.stays = has('s'), task.watched = has('w');
  line.get();  // the blank
  std::getline(line, task.comm);
  return true;
}

}  // namespace

std::string watch_tasks_text(const std::vector<WatchTask>& tasks) {
  std::string out;
  for (const auto& task : tasks) {
    std::string flags;
    if (task.kernel) flags += 'k';
    if (task.runnable) flags += 'r';
    if (task.stays) flags += 's';
    if (task.watched) flags += 'w';
    out += fmt::format("{} {} {} {} {}\n", task.tid, task.tgid, task.cpu,
                       flags.empty() ? "-" : flags, task.comm);
  }
  return out;
}

Result<std::vector<WatchTask>> parse_watch_tasks(std::string_view text) {
  std::vector<WatchTask> tasks;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    WatchTask task;
    if (!read_watch_task(words, task))
      return Error{ErrorKind::parse,
                   fmt::format("line {}: not a task: TID TGID CPU FLAGS COMM", number)};
    tasks.push_back(std::move(task));
  }
  return tasks;
}

Result<std::vector<WatchTask>> load_watch_tasks(const std::filesystem::path& directory) {
  const auto path = directory / kWatchTasksFile;
  auto tasks =
      parse_watch_tasks(TRY(read_untrusted(path.string(), {.most = std::size_t{64} << 20})));
  if (!tasks) return Error{ErrorKind::parse, path.string() + ": " + tasks.error().what};
  return tasks;
}

}  // namespace isolab
