// SPDX-License-Identifier: Apache-2.0
#include "trace/live/kernel_names.h"

#include <algorithm>
#include <charconv>

namespace isolab {

namespace {

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::int32_t to_pid(std::string_view text) {
  std::int32_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

}  // namespace

bool has_numbers_of_trace(const Files& files) {
  // kernel/pid_namespace.c: only there the second task is kthreadd (rest_init(), init/main.c).
  return trimmed(files.read("/proc/2/comm").value_or(std::string())) == "kthreadd";
}

Comms read_comms(const Files& files) {
  Comms comms;
  if (!has_numbers_of_trace(files)) return comms;
  for (const auto& process : files.list("/proc").value_or(std::vector<std::string>())) {
    if (!is_number(process)) continue;
    const auto tasks = "/proc/" + process + "/task";
    for (const auto& task : files.list(tasks).value_or(std::vector<std::string>())) {
      const auto comm = files.read(tasks + "/" + task + "/comm");
      if (comm) comms[to_pid(task)] = std::string(trimmed(*comm));
    }
  }
  return comms;
}

Comms read_saved_comms(const Files& files, const std::string& instance) {
  Comms comms = parse_comms(files.read(instance + "/saved_cmdlines").value_or(std::string()));
  std::erase_if(comms, [](const auto& one) { return one.second == "<...>"; });  // not in the table
  return comms;
}

}  // namespace isolab
