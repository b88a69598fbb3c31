// SPDX-License-Identifier: Apache-2.0
#include "probes/contract/preflight.h"

#include <fmt/format.h>

#include "base/units.h"
#include "base/warnings.h"

namespace isolab {
namespace {

constexpr const char* kRuntimeFile = "/proc/sys/kernel/sched_rt_runtime_us";
constexpr const char* kPeriodFile = "/proc/sys/kernel/sched_rt_period_us";
constexpr const char* kFairServer = "/sys/kernel/debug/sched/fair_server";

}  // namespace

Result<void> check_measured_cpus(const HostFacts& facts, const CpuSet& measured,
                                 const CpuSet& housekeeping) {
  if (measured.empty()) return Error{ErrorKind::usage, "no CPU to measure"};
  const CpuSet absent = measured - facts.online;
  if (!absent.empty()) {
    return Error{ErrorKind::usage, fmt::format("CPUs {} are not online", absent.list()),
                 fmt::format("online are {}", facts.online.list())};
  }
  const CpuSet shared = measured & housekeeping;
  if (!shared.empty()) {
    return Error{ErrorKind::usage,
                 fmt::format("CPUs {} are both measured and housekeeping", shared.list()),
                 "isolab's threads would disturb the measurement"};
  }
  return {};
}

std::vector<std::string> real_time_holes(const Host& host, const CpuSet& measured) {
  std::vector<std::string> holes;
  const bool has_fair_server = host.files.exists(kFairServer);
  const auto runtime = read_number(host.files, kRuntimeFile);
  const auto period = read_number(host.files, kPeriodFile);
  const bool throttles = !has_fair_server || host.facts.config("CONFIG_RT_GROUP_SCHED") != "n";
  if (runtime && period && *runtime >= 0 && *runtime < *period && throttles) {
    holes.push_back(fmt::format("RT throttling stops it for {} of every {} us ({} = {})",
                                *period - *runtime, *period, kRuntimeFile, *runtime));
  }
  if (!has_fair_server) return holes;
  for (const int cpu : measured) {
    const std::string file = fmt::format("{}/cpu{}/runtime", kFairServer, cpu);
    const auto server = read_number(host.files, file);
    if (!server) {
      holes.push_back(fmt::format("the deadline fair server of CPU {} cannot be read ({})", cpu,
                                  server.error().what));
    } else if (*server > 0) {
      holes.push_back(fmt::format(
          "the deadline fair server reserves {} for ordinary tasks in each period ({} = {})",
          human_time(static_cast<double>(*server)), file, *server));
    }
  }
  return holes;
}

std::vector<Warning> sibling_warnings(const HostFacts& facts, const CpuSet& measured) {
  std::vector<Warning> warnings;
  for (const int cpu : measured) {
    const auto found = facts.siblings.find(cpu);
    if (found == facts.siblings.end()) continue;
    const CpuSet others = (found->second - CpuSet{cpu}) & facts.online;
    if (others.empty()) continue;
    warnings.push_back(
        make_warning(WarningId::smt_sibling,
                     fmt::format("CPU {} shares its core with CPU {}", cpu, others.list())));
  }
  return warnings;
}

std::vector<Warning> numa_balancing_warnings(const Files& files) {
  const auto balancing = read_number(files, "/proc/sys/kernel/numa_balancing");
  const auto nodes = files.read("/sys/devices/system/node/online");
  if (!balancing || *balancing == 0 || !nodes || trimmed(*nodes) == "0") return {};
  return {make_warning(WarningId::numa_balancing,
                       fmt::format("kernel.numa_balancing = {} on a machine with nodes {}",
                                   *balancing, trimmed(*nodes)))};
}

Result<void> check_log_memory(const HostFacts& facts, const CpuSet& measured,
                              std::uint64_t bytes_per_cpu) {
  const std::uint64_t all = bytes_per_cpu * static_cast<std::uint64_t>(measured.count());
  if (facts.memory_bytes != 0 && all > facts.memory_bytes / 4) {
    return Error{ErrorKind::usage,
                 fmt::format("the gap logs of {} CPUs would lock {} of {} available",
                             measured.count(), print(Bytes{all}), print(Bytes{facts.memory_bytes})),
                 "lower log_capacity"};
  }
  return {};
}

}  // namespace isolab
