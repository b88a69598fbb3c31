// SPDX-License-Identifier: Apache-2.0
#include "plan/allowed_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <system_error>

#include "base/environment.h"
#include "base/output.h"
#include "host/installation.h"
#include "workloads/contract/workload.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

// Shell patterns; * and ? do not match a slash, so that the links which sysfs is full of
// (subsystem, firmware_node) lead nowhere.
constexpr const char* kHarmless[] = {
    "/proc/sys/kernel/sched_*",
    "/proc/sys/kernel/numa_balancing*",
    "/proc/sys/kernel/timer_migration",
    "/proc/sys/kernel/watchdog",
    "/proc/sys/kernel/watchdog_thresh",
    "/proc/sys/kernel/watchdog_cpumask",
    "/proc/sys/kernel/nmi_watchdog",
    "/proc/sys/kernel/soft_watchdog",
    "/proc/sys/kernel/hung_task_check_*",
    "/proc/sys/kernel/hung_task_timeout_secs",
    "/proc/sys/kernel/hung_task_warnings",
    "/proc/sys/kernel/printk",
    "/proc/sys/kernel/printk_ratelimit",
    "/proc/sys/kernel/printk_ratelimit_burst",
    "/proc/sys/kernel/ftrace_enabled",
    "/proc/sys/kernel/bpf_stats_enabled",
    "/proc/sys/kernel/task_delayacct",
    "/proc/sys/kernel/perf_cpu_time_max_percent",
    "/proc/sys/kernel/perf_event_max_sample_rate",
    "/proc/sys/vm/compact_unevictable_allowed",
    "/proc/sys/vm/compaction_proactiveness",
    "/proc/sys/vm/dirty_*",
    "/proc/sys/vm/dirtytime_expire_seconds",
    "/proc/sys/vm/extfrag_threshold",
    "/proc/sys/vm/hugetlb_optimize_vmemmap",
    "/proc/sys/vm/laptop_mode",
    "/proc/sys/vm/lowmem_reserve_ratio",
    "/proc/sys/vm/min_slab_ratio",
    "/proc/sys/vm/min_unmapped_ratio",
    "/proc/sys/vm/nr_hugepages",
    "/proc/sys/vm/nr_hugepages_mempolicy",
    "/proc/sys/vm/nr_overcommit_hugepages",
    "/proc/sys/vm/numa_stat",
    "/proc/sys/vm/page-cluster",
    "/proc/sys/vm/page_lock_unfairness",
    "/proc/sys/vm/percpu_pagelist_high_fraction",
    "/proc/sys/vm/stat_interval",
    "/proc/sys/vm/swappiness",
    "/proc/sys/vm/vfs_cache_pressure",
    "/proc/sys/vm/watermark_boost_factor",
    "/proc/sys/vm/watermark_scale_factor",
    "/proc/sys/vm/zone_reclaim_mode",
    "/sys/kernel/mm/transparent_hugepage/*",
    "/sys/kernel/mm/transparent_hugepage/khugepaged/*",
    "/sys/kernel/mm/transparent_hugepage/hugepages-*kB/*",
    "/sys/kernel/mm/hugepages/hugepages-*kB/nr_*",
    "/sys/devices/system/node/node[0-9]*/hugepages/hugepages-*kB/nr_*",
    "/sys/kernel/mm/ksm/*",
    "/sys/kernel/mm/lru_gen/*",
    "/sys/kernel/rcu_expedited",
    "/sys/kernel/rcu_normal",
    "/sys/kernel/debug/sched/*",
    "/sys/kernel/debug/sched/numa_balancing/*",
    "/sys/kernel/debug/sched/fair_server/cpu[0-9]*/*",
    "/sys/kernel/debug/x86/tlb_single_page_flush_ceiling",
    "/sys/module/kfence/parameters/sample_interval",
    "/sys/module/workqueue/parameters/power_efficient",
    "/sys/module/workqueue/parameters/cpu_intensive_*",
    "/sys/module/workqueue/parameters/default_affinity_scope",
    "/sys/module/kvm/parameters/halt_poll_ns*",
    "/sys/devices/virtual/workqueue/cpumask",
    "/sys/devices/virtual/workqueue/*/cpumask",
    "/sys/devices/virtual/workqueue/*/nice",
    "/sys/devices/virtual/workqueue/*/max_active",
    "/sys/devices/virtual/workqueue/*/numa",
    "/sys/devices/virtual/workqueue/*/affinity_*",
    "/sys/devices/system/machinecheck/machinecheck[0-9]*/check_interval",
    "/sys/devices/system/machinecheck/machinecheck[0-9]*/cmci_disabled",
    "/sys/devices/system/cpu/cpufreq/boost",
    "/sys/devices/system/cpu/cpufreq/policy[0-9]*/scaling_*",
    "/sys/devices/system/cpu/cpufreq/policy[0-9]*/energy_performance_preference",
    "/sys/devices/system/cpu/cpufreq/policy[0-9]*/boost",
    "/sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_*",
    "/sys/devices/system/cpu/cpu[0-9]*/cpufreq/energy_performance_preference",
    "/sys/devices/system/cpu/cpu[0-9]*/cpufreq/boost",
    "/sys/devices/system/cpu/intel_pstate/*",
    "/sys/devices/system/cpu/amd_pstate/*",
    "/sys/devices/system/cpu/cpuidle/current_governor",
    "/sys/devices/system/cpu/cpu[0-9]*/cpuidle/state[0-9]*/disable",
    "/sys/devices/system/cpu/cpu[0-9]*/cpuidle/state[0-9]*/latency",
    "/sys/devices/system/cpu/cpu[0-9]*/power/pm_qos_resume_latency_us",
    "/sys/devices/system/cpu/cpu[0-9]*/power/energy_perf_bias",
};

// Files whose value goes one way only, as Documentation/admin-guide and the kernel's source of 6.12
// have it. `may`: the values that are not meant, separated by blanks.
struct OneWay {
  const char* path;
  const char* may;
  const char* why;
};
constexpr OneWay kOneWay[] = {
    // sysctl/kernel.rst; kernel/sysctl.c takes nothing but 1
    {"/proc/sys/kernel/modules_disabled", "", "the kernel refuses 0 until the next boot"},
    // sysctl/kernel.rst; kernel/kexec_core.c: the same, and limits that are only lowered
    {"/proc/sys/kernel/kexec_load_disabled", "", "the kernel refuses 0 until the next boot"},
    {"/proc/sys/kernel/kexec_load_limit_*", "", "the kernel accepts only lower limits"},
    // LSM/Yama.rst
    {"/proc/sys/kernel/yama/ptrace_scope", "0 1 2", "3 stays until the next boot"},
    // sysctl/kernel.rst
    {"/proc/sys/kernel/unprivileged_bpf_disabled", "0 2", "1 stays until the next boot"},
    // kernel/umh.c drops capabilities and never adds one
    {"/proc/sys/kernel/usermodehelper/*", "", "removed capabilities cannot be added again"},
    // proc_taint() of kernel/sysctl.c adds flags
    {"/proc/sys/kernel/tainted", "", "taint flags can only be added"},
    // security/loadpin/loadpin.c: 1 is the least value where the root file system is read-only
    {"/proc/sys/kernel/loadpin/*", "0", "1 may stay until the next boot"},
    // Linux 6.3 to 6.5 only took higher values (kernel/pid_sysctl.h)
    {"/proc/sys/vm/memfd_noexec", "", "some kernels accept only higher values"},
    // mm/page-writeback.c, mm/util.c: the ratio becomes 0, and 0 is not taken for bytes
    {"/proc/sys/vm/dirty_bytes", "", "it clears dirty_ratio: set dirty_ratio instead"},
    {"/proc/sys/vm/dirty_background_bytes", "",
     "it clears dirty_background_ratio: set dirty_background_ratio instead"},
    {"/proc/sys/vm/overcommit_kbytes", "", "it clears overcommit_ratio"},
    // Orders and no values: the least of drop_caches is 1, compact_memory cannot be read
    {"/proc/sys/vm/drop_caches", "", "it is a command, not a value"},
    {"/proc/sys/vm/compact_memory", "", "it is a command, not a value"},
    // bool_enable_only of kernel/params.c
    {"/sys/module/module/parameters/sig_enforce", "", "it can only be switched on"},
    {"/sys/module/module/parameters/enable_dups_trace", "", "it can only be switched on"},
    // security/lockdown/lockdown.c; ABI/testing/evm
    {"/sys/kernel/security/lockdown", "", "lockdown can only be raised"},
    {"/sys/kernel/security/evm", "", "EVM can only be switched on"},
    {"/sys/kernel/security/ima/policy", "", "the policy can be written only once"},
    {"/sys/fs/selinux/disable", "", "SELinux can only be switched off"},
    // ABI/testing/sysfs-devices-system-cpu
    {"/sys/devices/system/cpu/smt/control", "on off", "forceoff stays until the next boot"},
};

bool matches(const char* pattern, const std::string& path) {
  return ::fnmatch(pattern, path.c_str(), FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

}  // namespace

std::vector<std::string> foreign_code(const Plan& plan) {
  std::vector<std::string> found;
  const auto add = [&](const std::string& text) {
    const std::string phrase = visible_line(text);  // nothing in it may hide what it says
    if (std::find(found.begin(), found.end(), phrase) == found.end()) found.push_back(phrase);
  };
  for (const auto& arm : plan.arms) {
    for (const auto& use : arm.workloads) {
      const WorkloadInfo* info = find_workload(use.name);
      if (info == nullptr) continue;
      for (const auto& spec : info->params) {
        const bool code = std::find(info->code_params.begin(), info->code_params.end(),
                                    spec.name) != info->code_params.end();
        const auto value = use.params.find(spec.name);
        if (code && value != use.params.end() && value->second != spec.fallback)
          add(fmt::format("arm {}: {} {}=[{}]", arm.name, use.name, spec.name,
                          fmt::join(value->second, " ")));
      }
    }
    for (const auto& setting : arm.settings)
      if (!is_harmless_setting(setting.path))
        add(fmt::format("arm {}: {} = {}", arm.name, setting.path, setting.value));
  }
  return found;
}

bool is_harmless_setting(const std::string& path) {
  return std::any_of(std::begin(kHarmless), std::end(kHarmless),
                     [&](const char* pattern) { return matches(pattern, path); });
}

std::string cannot_be_put_back(const std::string& path, const std::string& value) {
  for (const auto& setting : kOneWay) {
    if (!matches(setting.path, path)) continue;
    std::istringstream may(setting.may);
    for (std::string word; may >> word;)
      if (word == value) return {};
    return setting.why;
  }
  return {};
}

bool ships_with_isolab(int file) {
  struct stat found {};
  if (::fstat(file, &found) != 0) return false;
  const auto sudo = environment("SUDO_UID");
  const bool ours = found.st_uid == 0 || found.st_uid == ::geteuid() ||
                    (sudo && std::to_string(found.st_uid) == *sudo);
  if (!ours || (found.st_mode & S_IWOTH) != 0) return false;
  std::error_code error;
  // The kernel's name of what is open, whatever the path that it was opened by means by now.
  const fs::path path = fs::read_symlink(fmt::format("/proc/self/fd/{}", file), error);
  if (error) return false;
  const auto ours_are = installation();
  if (!ours_are) return false;
  const fs::path place = fs::canonical(ours_are->share / "profiles", error);
  return !error && path.parent_path() == place;
}

Result<void> check_commands(const std::string& profile_path, bool ships, const Plan& plan,
                            bool allowed) {
  if (allowed || ships) return {};
  const auto code = foreign_code(plan);
  if (code.empty()) return {};
  return Error{ErrorKind::denied,
               fmt::format("cannot run {} without --allow-commands: as {}, it runs programs, or "
                           "writes kernel files that are not known to be harmless:\n  {}",
                           visible_line(profile_path), ::geteuid() == 0 ? "root" : "you",
                           fmt::join(code, "\n  ")),
               "read it, then add --allow-commands"};
}

}  // namespace isolab
