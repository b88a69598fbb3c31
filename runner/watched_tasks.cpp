// SPDX-License-Identifier: Apache-2.0
#include "runner/watched_tasks.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <sstream>

namespace isolab {
namespace {

constexpr unsigned long kKernelThread = 0x00200000;  // PF_KTHREAD, include/linux/sched.h

std::optional<std::int32_t> task_number(const std::string& name) {
  std::int32_t number = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  return error == std::errc{} && stop == end && number > 0 ? std::optional(number) : std::nullopt;
}

/// Fields of /proc/PID/stat (proc_pid_stat(5)): 3 is the state, 9 the flags, 39 the CPU.
std::optional<WatchTask> task_of_stat(const std::string& text) {
  const auto open = text.find('('), close = text.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  WatchTask task;
  task.comm = text.substr(open + 1, close - open - 1);
  std::istringstream fields(text.substr(close + 1));
  std::string field;
  for (int number = 3; number <= 39 && fields >> field; ++number) {
    if (number == 3) task.runnable = field == "R";
    if (number == 9) task.kernel = (std::strtoul(field.c_str(), nullptr, 10) & kKernelThread) != 0;
    if (number == 39) task.cpu = static_cast<int>(std::strtol(field.c_str(), nullptr, 10));
  }
  return task;
}

std::optional<CpuSet> affinity(const Files& files, const std::string& task) {
  const auto status = files.read(task + "/status");
  if (!status) return {};
  std::istringstream lines(*status);
  constexpr std::string_view kName = "Cpus_allowed_list:";
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(kName)) {
      const auto cpus = CpuSet::parse(trimmed(line.substr(kName.size())));
      return cpus ? std::optional(*cpus) : std::nullopt;
    }
  return {};
}

}  // namespace

std::vector<WatchTask> read_watch_tasks(const Files& files, const CpuSet& cpus, std::int32_t pid) {
  std::vector<WatchTask> tasks;
  for (const auto& process : files.list("/proc").value_or(std::vector<std::string>())) {
    const auto tgid = task_number(process);
    if (!tgid) continue;
    const std::string threads = fmt::format("/proc/{}/task", *tgid);
    for (const auto& thread : files.list(threads).value_or(std::vector<std::string>())) {
      const auto stat = files.read(threads + "/" + thread + "/stat");
      auto task = stat ? task_of_stat(*stat) : std::nullopt;
      const auto tid = task_number(thread);
      if (!task || !tid) continue;
      task->tid = *tid;
      task->tgid = *tgid;
      task->watched = *tgid == pid;
      if (task->watched || (!task->kernel && cpus.contains(task->cpu)))
        if (const auto allowed = affinity(files, threads + "/" + thread))
          task->stays = (*allowed - cpus).empty();
      tasks.push_back(std::move(*task));
    }
  }
  return tasks;
}

Result<CpuSet> cpus_of_process(const Files& files, std::int32_t pid) {
  const std::string threads = fmt::format("/proc/{}/task", pid);
  CpuSet cpus;
  for (const auto& thread : files.list(threads).value_or(std::vector<std::string>()))
    cpus = cpus | affinity(files, threads + "/" + thread).value_or(CpuSet());
  if (cpus.empty())
    return Error{ErrorKind::unsupported,
                 fmt::format("cannot watch process {}: there is none", pid)};
  return cpus;
}

}  // namespace isolab
