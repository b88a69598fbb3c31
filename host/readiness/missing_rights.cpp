// SPDX-License-Identifier: Apache-2.0
#include "host/readiness/missing_rights.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <sstream>

#include "host/tracefs.h"

namespace isolab {
namespace {

/// What follows `name` in its row of `text`; empty: no such row.
std::string row_after(const std::string& text, std::string_view name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name)) return std::string(trimmed(line.substr(name.size())));
  return {};
}

struct Capability {
  int bit;  // include/uapi/linux/capability.h
  const char* name;
  const char* without;
};

constexpr std::array kCapabilities = {
    Capability{14, "CAP_IPC_LOCK",
               "memory is locked up to the limit of the container only: page faults can be gaps"},
    Capability{
        21, "CAP_SYS_ADMIN",
        "nothing is mounted and no CPU is isolated for the run; a trace needs tracefs from the "
        "host"},
    Capability{
        23, "CAP_SYS_NICE",
        "no real-time priority: cyclictest and policy fifo fail; the busy loop measures as an "
        "ordinary task"},
    Capability{34, "CAP_SYSLOG",
               "/proc/kallsyms has no addresses: callbacks and callsites are numbers, and their "
               "classes unknown"}};

/// kernel/ksyms_common.c, kallsyms_show_value(): 0 with perf_event_paranoid of at most 1 needs no
/// capability.
bool symbols_are_public(const Files& files) {
  const auto restricted = read_number(files, "/proc/sys/kernel/kptr_restrict");
  const auto paranoid = read_number(files, "/proc/sys/kernel/perf_event_paranoid");
  return restricted && paranoid && *restricted == 0 && *paranoid <= 1;
}

/// The last mount at `place` has the option "ro".
bool is_read_only(const std::string& mounts, std::string_view place) {
  bool read_only = false;
  std::istringstream lines(mounts);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string device, where, type, options;
    words >> device >> where >> type >> options;
    if (where == place) read_only = ("," + options + ",").find(",ro,") != std::string::npos;
  }
  return read_only;
}

bool real_time_by_limit(const Files& files) {
  const std::string limits = files.read("/proc/self/limits").value_or(std::string());
  const std::string row = row_after(limits, "Max realtime priority");
  return !row.empty() && row.front() != '0';
}

void add_files(const Files& files, std::vector<MissingRight>& missing) {
  if (files.exists("/sys/kernel/tracing") && find_tracefs(files).empty())
    missing.push_back({"tracefs",
                       "no trace: gaps and counters of interrupts are measured, the causes of gaps "
                       "are not",
                       "mount the host's /sys/kernel/tracing (docker: -v "
                       "/sys/kernel/tracing:/sys/kernel/tracing; pod: hostPath)"});
  const auto second = files.read("/proc/2/comm");
  if (files.exists("/proc/1/comm") && trimmed(second.value_or(std::string())) != "kthreadd")
    missing.push_back(
        {"PID namespace of the host",
         "a trace does not distinguish isolab's tasks, and some senders have no name; "
         "isolab check sees processes of the container only",
         "docker: --pid=host; pod: hostPID: true"});
  const std::string mounts = files.read("/proc/self/mounts").value_or(std::string());
  for (const auto& [place, what] :
       {std::pair{"/proc/sys", "settings and workloads that write sysctls are not applicable"},
        std::pair{"/sys", "workloads that write there (direct_map, hotplug) are not applicable"}})
    if (is_read_only(mounts, place))
      missing.push_back({std::string("writable ") + place, what,
                         "privileged containers have it; all other measurements need it not"});
  if (files.exists("/dev/null") && !files.exists("/dev/cpu_dma_latency"))  // not in every capture
    missing.push_back({"/dev/cpu_dma_latency",
                       "idle states are not prevented: a wake-up from one is part of a latency",
                       "docker: --device /dev/cpu_dma_latency; pod: hostPath of the device, or a "
                       "node with idle=poll"});
}

}  // namespace

Result<std::vector<MissingRight>> missing_rights(const Files& files) {
  const std::string digits =
      row_after(files.read("/proc/self/status").value_or(std::string()), "CapEff:");
  std::uint64_t mask = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), mask, 16);
  if (digits.empty() || parsed.ec != std::errc{})
    return Error{ErrorKind::unsupported, "/proc/self/status shows no capabilities"};
  std::vector<MissingRight> missing;
  for (const Capability& capability : kCapabilities) {
    if ((mask >> capability.bit & 1) != 0) continue;
    if (capability.bit == 34 && symbols_are_public(files)) continue;
    if (capability.bit == 23 && real_time_by_limit(files)) continue;
    const std::string word = std::string(capability.name).substr(4);
    missing.push_back({capability.name, capability.without,
                       fmt::format("docker: --cap-add {}; pod: securityContext.capabilities.add: "
                                   "[{}]",
                                   word, word)});
  }
  add_files(files, missing);
  return missing;
}

}  // namespace isolab
