// SPDX-License-Identifier: Apache-2.0
#include "probes/formats/proc_stat.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

namespace isolab {
namespace {

bool to_number(std::string_view text, std::uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

}  // namespace

Result<std::vector<CpuTime>> parse_proc_stat(std::string_view text, long ticks_per_second) {
  std::vector<CpuTime> cpus;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("cpu") || line.starts_with("cpu ")) continue;
    std::istringstream words(line.substr(3));
    // user nice system idle iowait irq softirq steal, then guest times that user and nice contain
    std::array<std::uint64_t, 8> ticks{};
    CpuTime cpu;
    words >> cpu.cpu;
    for (auto& count : ticks) words >> count;
    if (!words)
      return Error{ErrorKind::parse, fmt::format("/proc/stat: cannot read the line `{}`", line)};
    const auto seconds = [&](std::uint64_t sum) {
      return static_cast<double>(sum) / static_cast<double>(ticks_per_second);
    };
    cpu.user = seconds(ticks[0] + ticks[1]);
    cpu.system = seconds(ticks[2]);
    cpu.idle = seconds(ticks[3] + ticks[4]);
    cpu.irq = seconds(ticks[5]);
    cpu.softirq = seconds(ticks[6]);
    cpu.steal = seconds(ticks[7]);
    cpus.push_back(cpu);
  }
  if (cpus.empty()) return Error{ErrorKind::parse, "/proc/stat has no line of a CPU"};
  return cpus;
}

std::vector<CpuTime> cpu_time_between(const std::vector<CpuTime>& before,
                                      const std::vector<CpuTime>& after) {
  std::vector<CpuTime> spent;
  for (const CpuTime& to : after) {
    const auto from = std::find_if(before.begin(), before.end(),
                                   [&](const CpuTime& one) { return one.cpu == to.cpu; });
    if (from == before.end()) continue;
    const auto rise = [](double low, double high) { return std::max(0.0, high - low); };
    spent.push_back({to.cpu, rise(from->user, to.user), rise(from->system, to.system),
                     rise(from->irq, to.irq), rise(from->softirq, to.softirq),
                     rise(from->steal, to.steal), rise(from->idle, to.idle)});
  }
  return spent;
}

Result<std::map<std::string, std::uint64_t>> parse_counters(std::string_view text) {
  std::map<std::string, std::uint64_t> counters;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    std::uint64_t value = 0;
    if (space == std::string::npos || !to_number(std::string_view(line).substr(space + 1), value))
      return Error{ErrorKind::parse, fmt::format("`{}` is not a name and a number", line)};
    counters[line.substr(0, space)] = value;
  }
  return counters;
}

}  // namespace isolab
