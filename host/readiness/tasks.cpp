// SPDX-License-Identifier: Apache-2.0
#include "host/readiness/tasks.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "host/captured/kept.h"

namespace isolab {
namespace {

constexpr std::size_t kMostDescriptors = 4096;  // of one process
// include/linux/sched.h
constexpr unsigned long kKernelThread = 0x00200000, kNoSetAffinity = 0x04000000;

/// The number that `name` is; nothing: it is not one.
std::optional<int> process_number(std::string_view name) {
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size() || number <= 0) return std::nullopt;
  return number;
}

std::string status_row(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name + ":")) return std::string(trimmed(line.substr(name.size() + 1)));
  return {};
}

/// Flags and last CPU of proc_pid_stat(5), fields 9 and 39.
void add_stat(const std::string& text, Thread& thread) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return;
  std::istringstream fields(text.substr(name_end + 1));
  std::string field;
  for (int number = 3; number <= 39 && fields >> field; ++number) {
    if (number == 9) {
      const unsigned long flags = std::strtoul(field.c_str(), nullptr, 10);
      thread.kernel = (flags & kKernelThread) != 0;
      thread.bound = (flags & kNoSetAffinity) != 0;
    }
    if (number == 39) thread.last_cpu = process_number(field).value_or(field == "0" ? 0 : -1);
  }
}

/// Nothing: the thread has ended, or is not readable.
std::optional<Thread> read_thread(const Files& files, const std::string& directory, int id) {
  const auto status = files.read(directory + "/status");
  if (!status) return std::nullopt;
  const auto allowed = CpuSet::parse(status_row(*status, "Cpus_allowed_list"));
  if (!allowed) return std::nullopt;
  Thread thread;
  thread.id = id;
  thread.name = status_row(*status, "Name");
  thread.allowed = *allowed;
  add_stat(files.read(directory + "/stat").value_or(std::string()), thread);
  return thread;
}

bool has_info(std::string_view target) {
  return target.starts_with("anon_inode:bpf") || target == "anon_inode:[timerfd]";
}

void read_descriptors(const Files& files, const std::string& directory, Process& process) {
  const auto numbers = files.list(directory + "/fd");
  process.readable = numbers.has_value();
  if (!numbers) return;
  for (const std::string& number : *numbers) {
    if (process.descriptors.size() >= kMostDescriptors) return;
    const auto target = files.read_link(directory + "/fd/" + number);
    if (!target || !interrupts_others(*target)) continue;
    Descriptor descriptor{*target, ""};
    if (has_info(*target))
      descriptor.info = files.read(directory + "/fdinfo/" + number).value_or(std::string());
    process.descriptors.push_back(std::move(descriptor));
  }
}

Process read_process(const Files& files, const std::string& directory, int id) {
  Process process;
  process.id = id;
  for (const std::string& name :
       files.list(directory + "/task").value_or(std::vector<std::string>()))
    if (const auto number = process_number(name))
      if (auto thread = read_thread(files, directory + "/task/" + name, *number))
        process.threads.push_back(*std::move(thread));
  if (process.threads.empty()) return process;
  // The first thread is listed first: its number is the process's, and the lowest but for reuse.
  const auto first = std::find_if(process.threads.begin(), process.threads.end(),
                                  [&](const Thread& thread) { return thread.id == id; });
  process.name = (first == process.threads.end() ? process.threads.front() : *first).name;
  process.kernel = process.threads.front().kernel;
  if (process.kernel) return process;  // it has no descriptors
  read_descriptors(files, directory, process);
  std::istringstream timers(files.read(directory + "/timers").value_or(std::string()));
  for (std::string line; std::getline(timers, line);) process.timers += line.starts_with("ID:");
  return process;
}

}  // namespace

Tasks read_tasks(const Files& files, std::size_t most) {
  Tasks tasks;
  const auto self =
      process_number(status_row(files.read("/proc/self/status").value_or(std::string()), "Pid"));
  std::size_t threads = 0;
  for (const std::string& name : files.list("/proc").value_or(std::vector<std::string>())) {
    const auto id = process_number(name);
    if (!id || id == self) continue;
    if (threads >= most) {
      ++tasks.left_out;
      continue;
    }
    Process process = read_process(files, "/proc/" + name, *id);
    if (process.threads.empty()) continue;
    threads += process.threads.size();
    if (*id == 2 && process.name == "kthreadd") tasks.kernel_threads = true;
    tasks.processes.push_back(std::move(process));
  }
  std::sort(tasks.processes.begin(), tasks.processes.end(),
            [](const Process& a, const Process& b) { return a.id < b.id; });
  return tasks;
}

}  // namespace isolab
