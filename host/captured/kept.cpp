// SPDX-License-Identifier: Apache-2.0
#include "host/captured/kept.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <sstream>

namespace isolab {
namespace {

/// Lines of `text` for which `keep` holds.
template <typename Keep>
std::string lines_of(const std::string& text, Keep keep) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (keep(line)) out += line + "\n";
  return out;
}

/// Rows "Name: value" whose name is one of `names`.
template <std::size_t kCount>
std::string rows_of(const std::string& text, const std::array<std::string_view, kCount>& names) {
  return lines_of(text, [&](std::string_view line) {
    return std::find(names.begin(), names.end(), line.substr(0, line.find(':'))) != names.end();
  });
}

/// proc_pid_stat(5): process ID, name, state, flags (9) and last CPU (39) in their places, zero for
/// all others.
std::string short_stat(const std::string& text) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields(text.substr(name_end + 1));
  std::string out = text.substr(0, name_end + 1);
  int number = 3;
  for (std::string field; number <= 39 && fields >> field; ++number)
    out += number == 3 || number == 9 || number == 39 ? " " + field : " 0";
  return out + "\n";
}

/// Lines "cpu: N" and " #0: <address>, function, S:01", the latter without its address.
std::string short_timer_list(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("cpu:")) out += line + "\n";
    const auto open = line.find('<'), close = line.find('>');
    if (line.starts_with(" #") && open != std::string::npos && close != std::string::npos &&
        close > open)
      out += line.substr(0, open + 1) + "0" + line.substr(close) + "\n";
  }
  return out;
}

std::string of_process(const std::string& path, const std::string& text) {
  constexpr std::array<std::string_view, 3> kStatus = {"Name", "Pid", "Cpus_allowed_list"};
  constexpr std::array<std::string_view, 4> kDescriptor = {"link_type", "prog_type", "it_value",
                                                           "clockid"};
  constexpr std::array<std::string_view, 2> kTimer = {"ID", "ClockID"};
  const auto slash = path.rfind('/');
  const std::string name = path.substr(slash + 1);
  if (name == "comm") return text;
  if (name == "stat") return short_stat(text);
  if (name == "status") return rows_of(text, kStatus);
  if (name == "timers") return rows_of(text, kTimer);
  if (path.substr(0, slash).ends_with("/fdinfo")) return rows_of(text, kDescriptor);
  return {};
}

}  // namespace

bool interrupts_others(std::string_view target) {
  constexpr std::string_view kAnonymous = "anon_inode:";
  // Names of kernel/events/core.c, kernel/bpf/syscall.c (two of links), fs/timerfd.c and
  // virt/kvm/kvm_main.c.
  constexpr std::array<std::string_view, 7> kNames = {
      "[perf_event]", "bpf-prog", "bpf_link", "bpf-link", "bpf-stats", "[timerfd]", "kvm-vm"};
  if (target.starts_with(kAnonymous))
    return std::find(kNames.begin(), kNames.end(), target.substr(kAnonymous.size())) !=
           kNames.end();
  if (target.starts_with("/dev/cpu/"))
    return target.ends_with("/msr") || target.ends_with("/cpuid");
  return target.starts_with("/sys/devices/system/cpu/") &&
         target.find("/cpufreq/") != std::string_view::npos;
}

bool is_in_process(std::string_view path) {
  constexpr std::string_view kProc = "/proc/";
  if (!path.starts_with(kProc)) return false;
  path.remove_prefix(kProc.size());
  const auto end = path.find_first_not_of("0123456789");
  return end != std::string_view::npos && end > 0 && path[end] == '/';
}

std::string kept_text(const std::string& path, const std::string& text) {
  if (path == "/proc/timer_list") return short_timer_list(text);
  return is_in_process(path) ? of_process(path, text) : text;
}

}  // namespace isolab
