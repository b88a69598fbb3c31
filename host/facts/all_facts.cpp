// SPDX-License-Identifier: Apache-2.0
// The keys written here are documented, in this order, in docs/recording-format.md.
#include "host/facts/all_facts.h"
#include "base/text.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "host/facts/software.h"
#include "host/kernel_values.h"

namespace isolab {
namespace {

struct FileFact {
  const char* key;
  const char* path;
};

// One value, one file: white space cut off, of bracketed choices the chosen word.
constexpr std::array kFileFacts = {
    FileFact{"machine.host_name", "/proc/sys/kernel/hostname"},
    FileFact{"machine.vendor", "/sys/class/dmi/id/sys_vendor"},
    FileFact{"machine.product", "/sys/class/dmi/id/product_name"},
    FileFact{"machine.firmware", "/sys/class/dmi/id/bios_version"},
    FileFact{"machine.firmware_date", "/sys/class/dmi/id/bios_date"},

    FileFact{"kernel.version", "/proc/version"},
    FileFact{"kernel.command_line", "/proc/cmdline"},
    FileFact{"kernel.tainted", "/proc/sys/kernel/tainted"},
    FileFact{"kernel.lockdown", "/sys/kernel/security/lockdown"},
    FileFact{"kernel.preempt", "/sys/kernel/debug/sched/preempt"},
    FileFact{"kernel.unprivileged_bpf_disabled", "/proc/sys/kernel/unprivileged_bpf_disabled"},
    FileFact{"kernel.bpf_stats_enabled", "/proc/sys/kernel/bpf_stats_enabled"},
    FileFact{"kernel.bpf_jit_enable", "/proc/sys/net/core/bpf_jit_enable"},
    FileFact{"kernel.perf_event_paranoid", "/proc/sys/kernel/perf_event_paranoid"},
    FileFact{"kernel.ftrace_enabled", "/proc/sys/kernel/ftrace_enabled"},
    FileFact{"kernel.watchdog", "/proc/sys/kernel/watchdog"},
    FileFact{"kernel.nmi_watchdog", "/proc/sys/kernel/nmi_watchdog"},
    FileFact{"kernel.watchdog_cpus", "/proc/sys/kernel/watchdog_cpumask"},
    FileFact{"kernel.workqueue_mask", "/sys/devices/virtual/workqueue/cpumask"},
    FileFact{"kernel.irq_default_mask", "/proc/irq/default_smp_affinity"},
    FileFact{"kernel.timer_migration", "/proc/sys/kernel/timer_migration"},
    FileFact{"kernel.kfence_sample_interval", "/sys/module/kfence/parameters/sample_interval"},

    FileFact{"cpu.online", "/sys/devices/system/cpu/online"},
    FileFact{"cpu.offline", "/sys/devices/system/cpu/offline"},
    FileFact{"cpu.possible", "/sys/devices/system/cpu/possible"},
    FileFact{"cpu.isolated", "/sys/devices/system/cpu/isolated"},
    FileFact{"cpu.nohz_full", "/sys/devices/system/cpu/nohz_full"},
    FileFact{"cpu.smt", "/sys/devices/system/cpu/smt/control"},
    FileFact{"cpu.idle_driver", "/sys/devices/system/cpu/cpuidle/current_driver"},
    FileFact{"cpu.idle_governor", "/sys/devices/system/cpu/cpuidle/current_governor_ro"},
    FileFact{"cpu.turbo_off", "/sys/devices/system/cpu/intel_pstate/no_turbo"},
    FileFact{"cpu.boost", "/sys/devices/system/cpu/cpufreq/boost"},

    FileFact{"clock.source", "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
    FileFact{"clock.available",
             "/sys/devices/system/clocksource/clocksource0/available_clocksource"},
    FileFact{"clock.events", "/sys/devices/system/clockevents/clockevent0/current_device"},

    FileFact{"sched.rt_runtime_us", "/proc/sys/kernel/sched_rt_runtime_us"},
    FileFact{"sched.rt_period_us", "/proc/sys/kernel/sched_rt_period_us"},
    FileFact{"sched.autogroup", "/proc/sys/kernel/sched_autogroup_enabled"},

    FileFact{"memory.thp", "/sys/kernel/mm/transparent_hugepage/enabled"},
    FileFact{"memory.thp_defrag", "/sys/kernel/mm/transparent_hugepage/defrag"},
    FileFact{"memory.khugepaged_defrag", "/sys/kernel/mm/transparent_hugepage/khugepaged/defrag"},
    FileFact{"memory.huge_pages", "/proc/sys/vm/nr_hugepages"},
    FileFact{"memory.numa_balancing", "/proc/sys/kernel/numa_balancing"},
    FileFact{"memory.ksm", "/sys/kernel/mm/ksm/run"},
    FileFact{"memory.compaction_proactiveness", "/proc/sys/vm/compaction_proactiveness"},
    FileFact{"memory.stat_interval_s", "/proc/sys/vm/stat_interval"},
    FileFact{"memory.swappiness", "/proc/sys/vm/swappiness"},
};

// Options that decide what a workload, a probe or a trace can do here, or how a result must be
// read.
constexpr std::array kOptions = {"CONFIG_HZ",
                                 "CONFIG_NO_HZ_FULL",
                                 "CONFIG_NO_HZ_IDLE",
                                 "CONFIG_CPU_ISOLATION",
                                 "CONFIG_RCU_NOCB_CPU",
                                 "CONFIG_CONTEXT_TRACKING_USER_FORCE",
                                 "CONFIG_PREEMPT_NONE",
                                 "CONFIG_PREEMPT_VOLUNTARY",
                                 "CONFIG_PREEMPT",
                                 "CONFIG_PREEMPT_LAZY",
                                 "CONFIG_PREEMPT_RT",
                                 "CONFIG_PREEMPT_DYNAMIC",
                                 "CONFIG_RT_GROUP_SCHED",
                                 "CONFIG_CFS_BANDWIDTH",
                                 "CONFIG_SCHED_CORE",
                                 "CONFIG_JUMP_LABEL",
                                 "CONFIG_MODULES",
                                 "CONFIG_KFENCE",
                                 "CONFIG_KFENCE_STATIC_KEYS",
                                 "CONFIG_KFENCE_SAMPLE_INTERVAL",
                                 "CONFIG_SECRETMEM",
                                 "CONFIG_VMAP_STACK",
                                 "CONFIG_TRANSPARENT_HUGEPAGE",
                                 "CONFIG_NUMA",
                                 "CONFIG_NUMA_BALANCING",
                                 "CONFIG_FTRACE",
                                 "CONFIG_FUNCTION_TRACER",
                                 "CONFIG_DYNAMIC_FTRACE",
                                 "CONFIG_KPROBES",
                                 "CONFIG_HIST_TRIGGERS",
                                 "CONFIG_SYNTH_EVENTS",
                                 "CONFIG_OSNOISE_TRACER",
                                 "CONFIG_TIMERLAT_TRACER",
                                 "CONFIG_HWLAT_TRACER",
                                 "CONFIG_BPF_SYSCALL",
                                 "CONFIG_BPF_JIT",
                                 "CONFIG_DEBUG_INFO_BTF",
                                 "CONFIG_CSD_LOCK_WAIT_DEBUG",
                                 "CONFIG_PROVE_LOCKING",
                                 "CONFIG_KASAN",
                                 "CONFIG_KCSAN",
                                 "CONFIG_DEBUG_PREEMPT",
                                 "CONFIG_MITIGATION_PAGE_TABLE_ISOLATION",
                                 "CONFIG_PAGE_TABLE_ISOLATION",
                                 "CONFIG_ARM64_4K_PAGES",
                                 "CONFIG_ARM64_64K_PAGES",
                                 "CONFIG_PARAVIRT"};

std::string unknown(const Error& error) { return "unknown: " + error.what; }

std::string value_or_unknown(const Files& files, const std::string& path) {
  const auto text = files.read(path);
  return text ? chosen_value(*text) : unknown(text.error());
}

/// One value a CPU, written short: the value when all agree, else "performance: 0-3; powersave:
/// 4-7".
std::string by_cpu(const CpuSet& cpus, const std::map<int, std::string>& values) {
  std::map<std::string, CpuSet> groups;
  for (int cpu : cpus)
    if (const auto found = values.find(cpu); found != values.end()) groups[found->second].add(cpu);
  if (groups.empty()) return "unknown: no CPU is online";
  if (groups.size() == 1) return groups.begin()->first;
  std::string out;
  for (const auto& [value, set] : groups)
    append_item(out, "; ", fmt::format("{}: {}", value, set.list()));
  return out;
}

/// `path` holds one {} for the CPU's number.
std::string by_cpu(const Files& files, const CpuSet& cpus, const char* path) {
  std::map<int, std::string> values;
  for (int cpu : cpus) {
    const auto text = files.read(fmt::format(fmt::runtime(path), cpu));
    if (!text && cpu == cpus.first()) return unknown(text.error());
    values[cpu] = text ? chosen_value(*text) : unknown(text.error());
  }
  return by_cpu(cpus, values);
}

void add_kernel(HostFacts& facts, const Result<KernelConfig>& config) {
  facts.all["kernel.release"] = facts.kernel_release.empty()
                                    ? "unknown: neither /proc/sys/kernel/osrelease nor "
                                      "/proc/version can be read"
                                    : facts.kernel_release;
  facts.all["kernel.arch"] = facts.arch;
  facts.all["kernel.page_size"] = std::to_string(facts.page_size);
  facts.all["kernel.config_source"] = config ? config->source : unknown(config.error());
  facts.all["kernel.config_sha256"] = config ? sha256_hex(config->text) : unknown(config.error());
  if (!config) return;
  for (const char* option : kOptions)
    facts.all[fmt::format("kernel.config.{}", option)] = facts.config(option);
}

/// The value of a "name : value" row of /proc/cpuinfo, of the first CPU that has it.
std::string cpuinfo_row(std::string_view cpuinfo, std::string_view name) {
  while (!cpuinfo.empty()) {
    const auto newline = cpuinfo.find('\n');
    const std::string_view line = cpuinfo.substr(0, newline);
    cpuinfo = newline == std::string_view::npos ? std::string_view{} : cpuinfo.substr(newline + 1);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && trimmed(line.substr(0, colon)) == name)
      return std::string(trimmed(line.substr(colon + 1)));
  }
  return {};
}

void add_cpu(const Files& files, HostFacts& facts) {
  const auto cpuinfo = files.read("/proc/cpuinfo");
  const std::string text = cpuinfo.value_or(std::string());
  Facts& all = facts.all;
  if (!cpuinfo) {
    all["cpu.model"] = unknown(cpuinfo.error());
  } else if (const std::string model = cpuinfo_row(text, "model name"); !model.empty()) {
    all["cpu.model"] =
        fmt::format("{} (family {} model {} stepping {})", model, cpuinfo_row(text, "cpu family"),
                    cpuinfo_row(text, "model"), cpuinfo_row(text, "stepping"));
  } else {  // arm64 prints the fields of MIDR_EL1
    all["cpu.model"] =
        fmt::format("implementer {} part {} variant {} revision {}",
                    cpuinfo_row(text, "CPU implementer"), cpuinfo_row(text, "CPU part"),
                    cpuinfo_row(text, "CPU variant"), cpuinfo_row(text, "CPU revision"));
  }
  std::string microcode =
      by_cpu(files, facts.online, "/sys/devices/system/cpu/cpu{}/microcode/version");
  if (microcode.starts_with("unknown") && !cpuinfo_row(text, "microcode").empty())
    microcode = cpuinfo_row(text, "microcode");
  all["cpu.microcode"] = microcode;
  all["cpu.kinds"] = facts.kinds.size() > 1 ? kinds_text(facts.kinds, facts.online)
                     : facts.kinds.empty()  ? "unknown: no CPU is online"
                                            : "one";
  all["cpu.allowed"] = facts.allowed ? facts.allowed->list() : "all";
  all["cpu.rcu_nocbs"] = facts.rcu_nocbs.list();
  all["cpu.hypervisor"] = facts.hypervisor.empty() ? "none" : facts.hypervisor;
  all["cpu.emulated"] = facts.emulator.empty() ? "no" : "yes: " + facts.emulator;
  all["cpu.governor"] =
      by_cpu(files, facts.online, "/sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor");
  all["cpu.frequency_driver"] =
      by_cpu(files, facts.online, "/sys/devices/system/cpu/cpu{}/cpufreq/scaling_driver");
  all["cpu.frequency_min_khz"] =
      by_cpu(files, facts.online, "/sys/devices/system/cpu/cpu{}/cpufreq/scaling_min_freq");
  all["cpu.frequency_max_khz"] =
      by_cpu(files, facts.online, "/sys/devices/system/cpu/cpu{}/cpufreq/scaling_max_freq");
  all["clock.tsc_reliable"] =
      facts.arch == "x86_64" ? (facts.tsc_reliable ? "yes" : "no") : "not applicable: no TSC";

  std::map<int, std::string> siblings;
  for (const auto& [cpu, set] : facts.siblings)
    siblings[cpu] = fmt::format("{} thread{} a core", set.count(), set.count() == 1 ? "" : "s");
  all["cpu.threads"] = by_cpu(facts.online, siblings);
}

/// Idle states of the first CPU with their exit latencies; "off" marks disabled ones.
void add_idle_states(const Files& files, HostFacts& facts) {
  const std::string directory = "/sys/devices/system/cpu/cpu0/cpuidle";
  const auto states = files.list(directory);
  if (!states) {
    facts.all["cpu.idle_states"] = unknown(states.error());
    return;
  }
  std::string out;
  for (const std::string& state : *states) {
    const std::string below = directory + "/" + state + "/";
    const std::string name = value_or_unknown(files, below + "name");
    const std::string latency = value_or_unknown(files, below + "latency");
    const bool off = value_or_unknown(files, below + "disable") != "0";
    append_item(out, ", ", fmt::format("{} {} us{}", name, latency, off ? " off" : ""));
  }
  facts.all["cpu.idle_states"] = out.empty() ? "none" : out;
}

void add_mitigations(const Files& files, Facts& all) {
  const std::string directory = "/sys/devices/system/cpu/vulnerabilities";
  const auto names = files.list(directory);
  if (!names) {
    all["mitigation"] = unknown(names.error());
    return;
  }
  for (const std::string& name : *names)
    all["mitigation." + name] = value_or_unknown(files, directory + "/" + name);
}

/// The deadline server that lends fair tasks time on a CPU that a real-time task keeps
/// (Linux 6.12+).
void add_fair_server(const Files& files, HostFacts& facts) {
  facts.all["sched.fair_server_runtime_ns"] =
      by_cpu(files, facts.online, "/sys/kernel/debug/sched/fair_server/cpu{}/runtime");
  facts.all["sched.fair_server_period_ns"] =
      by_cpu(files, facts.online, "/sys/kernel/debug/sched/fair_server/cpu{}/period");
}

void add_memory(const Files& files, HostFacts& facts) {
  const auto meminfo = files.read("/proc/meminfo");
  if (!meminfo) {
    facts.all["memory.total_bytes"] = unknown(meminfo.error());
    return;
  }
  const auto bytes = [&](const char* row) {
    return std::to_string(std::strtoull(cpuinfo_row(*meminfo, row).c_str(), nullptr, 10) * 1024);
  };
  facts.all["memory.total_bytes"] = bytes("MemTotal");
  facts.all["memory.available_bytes"] = bytes("MemAvailable");
  facts.all["memory.swap_bytes"] = bytes("SwapTotal");
  for (const char* size : {"4k", "2M", "1G"})  // x86 only; splits are permanent
    if (const std::string row = fmt::format("DirectMap{}", size);
        !cpuinfo_row(*meminfo, row).empty())
      facts.all[fmt::format("memory.direct_map_{}_bytes", size)] = bytes(row.c_str());
}

/// Reading the device gives the value in force as a 32-bit number of microseconds
/// (kernel/power/qos.c).
void add_dma_latency(const Files& files, Facts& all) {
  const auto raw = files.read("/dev/cpu_dma_latency");
  if (!raw || raw->size() != sizeof(std::int32_t)) {
    all["cpu.dma_latency_us"] =
        raw ? "unknown: /dev/cpu_dma_latency gave no 32-bit number" : unknown(raw.error());
    return;
  }
  std::int32_t value = 0;
  std::memcpy(&value, raw->data(), sizeof value);
  all["cpu.dma_latency_us"] = value == 2'000'000'000 ? "no limit" : std::to_string(value);
}

}  // namespace

void add_all_facts(const Files& files, HostFacts& facts, const Result<KernelConfig>& config) {
  for (const FileFact& fact : kFileFacts) facts.all[fact.key] = value_or_unknown(files, fact.path);
  add_kernel(facts, config);
  add_cpu(files, facts);
  add_idle_states(files, facts);
  add_mitigations(files, facts.all);
  add_fair_server(files, facts);
  add_memory(files, facts);
  add_dma_latency(files, facts.all);
  facts.all["kernel.btf"] = files.exists("/sys/kernel/btf/vmlinux") ? "yes" : "no";
  facts.all["rights.root"] = facts.root ? "yes" : "no";
  add_software(files, facts.all);
}

}  // namespace isolab
