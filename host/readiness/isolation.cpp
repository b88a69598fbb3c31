// SPDX-License-Identifier: Apache-2.0
// Which CPUs the kernel keeps its hands off, and who shares a core or a host with them.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/text.h"
#include "host/readiness/checks.h"

namespace isolab {
namespace {

void check_online(const Readiness& on) {
  constexpr const char *kId = "measured_cpus", *kSubject = "Measured CPUs";
  const CpuSet offline = on.measured - on.facts.online;
  const CpuSet housekeeping = on.facts.online - on.measured - on.facts.isolated;
  if (on.measured.empty()) {
    on.problem(kId, kSubject, "none", "there is nothing to measure", "name CPUs, for example 2-3");
  } else if (!offline.empty()) {
    on.problem(kId, kSubject, fmt::format("CPUs {} are not online", offline.list()),
               "they cannot be measured", fmt::format("choose from {}", on.facts.online.list()));
  } else if (housekeeping.empty()) {
    on.problem(kId, kSubject,
               fmt::format("{} measured, none left for housekeeping", on.measured.list()),
               "workloads and isolab's threads would run on the measured CPUs",
               "leave at least one online CPU that is neither measured nor isolated");
  } else {
    on.ok(kId, kSubject,
          fmt::format("{} measured, {} for housekeeping", on.measured.list(), housekeeping.list()));
  }
}

/// CPUs of cgroup v2 partitions made with cpuset.cpus.partition=isolated.
CpuSet partitions(const Files& files) {
  return CpuSet::parse(text_of(files, "/sys/fs/cgroup/cpuset.cpus.isolated")).value_or(CpuSet{});
}

/// A kernel of this version or later; nothing: its release does not begin with a version.
std::optional<bool> at_least(const std::string& release, int major, int minor) {
  int found_major = 0, found_minor = 0;
  if (std::sscanf(release.c_str(), "%d.%d", &found_major, &found_minor) != 2) return std::nullopt;
  return std::pair(found_major, found_minor) >= std::pair(major, minor);
}

/// Whether a cgroup v2 partition can be made: it wants the cpuset controller, and "isolated" came
/// with Linux 6.1 (Documentation/admin-guide/cgroup-v2.rst).
bool can_partition(const Readiness& on) {
  const std::string controllers =
      " " + text_of(on.files, "/sys/fs/cgroup/cgroup.controllers") + " ";
  return controllers.find(" cpuset ") != std::string::npos &&
         at_least(on.facts.kernel_release, 6, 1).value_or(false);
}

/// What this kernel offers to keep the scheduler off `cpus`; empty: nothing.
std::string domain_advice(const Readiness& on) {
  std::string out;
  // kernel/sched/isolation.c is built with CONFIG_CPU_ISOLATION only (Linux 4.15; before that
  // isolcpus= was always there). managed_irq came with 5.6.
  if (on.facts.config("CONFIG_CPU_ISOLATION") != "n" ||
      !at_least(on.facts.kernel_release, 4, 15).value_or(true))
    out = fmt::format(
        "boot with isolcpus={}{}",
        at_least(on.facts.kernel_release, 5, 6).value_or(true) ? "managed_irq,domain," : "",
        on.measured.list());
  if (can_partition(on))
    append_item(out, " or ", "make a cgroup v2 partition with cpuset.cpus.partition=isolated");
  return out;
}

void check_domains(const Readiness& on) {
  constexpr const char *kId = "isolated", *kSubject = "Scheduler isolation";
  const CpuSet isolated = on.facts.isolated | partitions(on.files);
  const CpuSet missing = on.measured - isolated;
  if (missing.empty()) {
    on.ok(kId, kSubject, fmt::format("isolated CPUs: {}", isolated.list()));
    return;
  }
  const std::string advice = domain_advice(on);
  on.problem(
      kId, kSubject,
      isolated.empty() ? "no CPU is isolated"
                       : fmt::format("isolated CPUs: {}; not {}", isolated.list(), missing.list()),
      "the scheduler runs other tasks on the measured CPUs",
      advice.empty() ? "use a kernel with CONFIG_CPU_ISOLATION=y; this one has neither isolcpus= "
                       "nor isolated cgroup partitions"
                     : advice);
}

void check_nohz(const Readiness& on) {
  constexpr const char *kId = "nohz_full", *kSubject = "Tickless CPUs";
  const std::string hz = on.facts.config("CONFIG_HZ");
  const std::string rate =
      hz == "n" || hz == "unknown" ? "every tick" : fmt::format("{} ticks per second", hz);
  const CpuSet missing = on.measured - on.facts.nohz_full;
  const std::string seen =
      on.facts.nohz_full.empty()
          ? "no CPU is tickless"
          : fmt::format("nohz_full CPUs: {}; not {}", on.facts.nohz_full.list(), missing.list());
  const std::string matters = fmt::format("the measured CPUs are interrupted by {}", rate);
  if (!on.measured.empty() && missing.empty()) {
    on.ok(kId, kSubject, fmt::format("nohz_full CPUs: {}", on.facts.nohz_full.list()));
  } else if (!on.facts.has_nohz_full) {
    on.problem(
        kId, kSubject,
        seen +
            "; it is unknown whether this kernel has CONFIG_NO_HZ_FULL: its configuration cannot "
            "be "
            "read, and /sys/devices/system/cpu has neither isolated nor nohz_full (Linux before "
            "4.2)",
        matters,
        fmt::format("check whether the kernel was built with CONFIG_NO_HZ_FULL=y; if so, boot "
                    "with nohz_full={}",
                    on.measured.list()));
  } else if (!*on.facts.has_nohz_full) {
    on.not_applicable(
        kId, kSubject,
        fmt::format("this kernel has no CONFIG_NO_HZ_FULL{}: {} interrupt the measured CPUs",
                    on.facts.kernel_config.empty()
                        ? " (/sys/devices/system/cpu/nohz_full does not exist)"
                        : "",
                    rate),
        "use a kernel with CONFIG_NO_HZ_FULL=y");
  } else {
    on.problem(kId, kSubject, seen, matters,
               fmt::format("boot with nohz_full={}", on.measured.list()));
  }
}

/// CONFIG_NO_HZ_FULL selects CONFIG_RCU_NOCB_CPU (kernel/time/Kconfig), which can be on alone.
std::optional<bool> has_rcu_nocb(const HostFacts& facts) {
  if (!facts.kernel_config.empty()) return facts.config_on("CONFIG_RCU_NOCB_CPU");
  if (facts.has_nohz_full.value_or(false)) return true;
  return std::nullopt;
}

void check_rcu(const Readiness& on) {
  constexpr const char *kId = "rcu_nocbs", *kSubject = "RCU callbacks";
  const CpuSet missing = on.measured - on.facts.rcu_nocbs;
  const auto built = has_rcu_nocb(on.facts);
  const std::string seen = fmt::format("not offloaded from CPUs {}", missing.list());
  const std::string parameter =
      on.facts.has_nohz_full.value_or(true)
          ? fmt::format("rcu_nocbs={} (nohz_full= implies it)", on.measured.list())
          : fmt::format("rcu_nocbs={}", on.measured.list());
  if (missing.empty()) {
    on.ok(kId, kSubject, fmt::format("offloaded from CPUs {}", on.facts.rcu_nocbs.list()));
  } else if (on.facts.config_on("CONFIG_RCU_NOCB_CPU_DEFAULT_ALL")) {
    on.ok(kId, kSubject, "offloaded from all CPUs (CONFIG_RCU_NOCB_CPU_DEFAULT_ALL)");
  } else if (!built) {
    on.problem(kId, kSubject,
               seen +
                   " by the command line; it is unknown whether this kernel has "
                   "CONFIG_RCU_NOCB_CPU: its configuration cannot be read",
               "softirqs run RCU callbacks on the measured CPUs",
               "check whether the kernel was built with CONFIG_RCU_NOCB_CPU=y; if so, boot with " +
                   parameter);
  } else if (!*built) {
    on.not_applicable(kId, kSubject, "this kernel has no CONFIG_RCU_NOCB_CPU",
                      "use a kernel with CONFIG_RCU_NOCB_CPU=y");
  } else {
    on.problem(kId, kSubject, seen, "softirqs run RCU callbacks on the measured CPUs",
               "boot with " + parameter);
  }
}

/// Measured CPUs of several kinds, or of another kind than the housekeeping ones.
void check_kinds(const Readiness& on) {
  constexpr const char *kId = "cpu_kinds", *kSubject = "Kinds of CPUs";
  const auto& kinds = on.facts.kinds;
  if (kinds.size() < 2) {
    on.ok(kId, kSubject, kinds.empty() ? "unknown" : "all CPUs are of one kind");
    return;
  }
  const CpuSet housekeeping = on.facts.online - on.measured - on.facts.isolated;
  const std::string ours = kinds_text(kinds, on.measured);
  const std::string theirs = kinds_text(kinds, housekeeping);
  const auto hit = [&](const CpuKind& kind) { return !(kind.cpus & on.measured).empty(); };
  if (std::count_if(kinds.begin(), kinds.end(), hit) > 1) {
    on.advise(kId, kSubject, fmt::format("the measured CPUs differ: {}", ours),
              "the same interruption takes longer on a slower CPU, so their gaps are not one "
              "distribution",
              "measure CPUs of one kind");
  } else if (!hit(kinds.front())) {
    on.advise(kId, kSubject,
              fmt::format("measured: {}; the fastest is {} (CPU {})", ours, kinds.front().name,
                          kinds.front().cpus.list()),
              "gaps of a slower CPU are longer than those of the CPUs on which real-time tasks "
              "usually run",
              fmt::format("measure some of CPU {}, unless you isolate the slower ones",
                          kinds.front().cpus.list()));
  } else {
    on.ok(kId, kSubject,
          theirs.empty() || ours == theirs
              ? fmt::format("measured: {}", ours)
              : fmt::format("measured: {}; housekeeping: {}", ours, theirs));
  }
}

void check_agreement(const Readiness& on) {
  constexpr const char *kId = "isolation_lists", *kSubject = "Isolation lists agree";
  const HostFacts& facts = on.facts;
  if (facts.isolated.empty() && facts.nohz_full.empty()) {
    on.not_applicable(kId, kSubject, "no list is set");
    return;
  }
  // rcu_nocbs may be wider than the others at no cost.
  if (facts.isolated == facts.nohz_full && (facts.isolated - facts.rcu_nocbs).empty()) {
    on.ok(kId, kSubject,
          fmt::format("isolated, nohz_full and rcu_nocbs are all {}", facts.isolated.list()));
    return;
  }
  on.advise(
      kId, kSubject,
      fmt::format("isolated \"{}\", nohz_full \"{}\", rcu_nocbs \"{}\"", facts.isolated.list(),
                  facts.nohz_full.list(), facts.rcu_nocbs.list()),
      "a CPU in only one list is partly isolated, and results of different CPUs cannot be pooled",
      facts.has_nohz_full.value_or(true)
          ? "boot with the same list in isolcpus=, nohz_full= and rcu_nocbs="
          : "boot with the same list in isolcpus= and rcu_nocbs=; this kernel has no nohz_full=");
}

void check_smt(const Readiness& on) {
  constexpr const char *kId = "smt_siblings", *kSubject = "Hardware threads";
  CpuSet others;
  bool any = false;
  for (int cpu : on.measured) {
    const auto found = on.facts.siblings.find(cpu);
    if (found == on.facts.siblings.end()) continue;
    any = any || found->second.count() > 1;
    others = others | (found->second - on.measured);
  }
  const CpuSet busy = others - on.facts.isolated;
  if (!any) {
    on.ok(kId, kSubject, "no measured CPU shares its core");
  } else if (!busy.empty()) {
    on.problem(kId, kSubject,
               fmt::format("housekeeping CPUs {} share cores with measured CPUs", busy.list()),
               "tasks there slow the measured CPUs by contention that no trace shows",
               "isolate both threads of a core, take the siblings offline, or boot with nosmt");
  } else {
    on.advise(kId, kSubject,
              others.empty() ? "measured CPUs share cores with each other"
                             : fmt::format("measured CPUs share cores with the isolated CPUs {}",
                                           others.list()),
              "two busy threads of a core slow each other",
              "measure one thread of each core and keep the other idle");
  }
}

void check_hypervisor(const Readiness& on) {
  constexpr const char *kId = "hypervisor", *kSubject = "Hypervisor";
  if (on.facts.hypervisor.empty()) {
    on.ok(kId, kSubject, "none found: bare metal");
    return;
  }
  if (!on.facts.emulator.empty()) {
    on.advise(kId, kSubject, on.facts.emulator + " emulates these CPUs",
              "counts are those of this kernel, times depend on the load of the emulator's host",
              "use this machine for counts; measure times on the machine itself");
    return;
  }
  on.advise(kId, kSubject, fmt::format("this is a virtual machine ({})", on.facts.hypervisor),
            "the hypervisor preempts the vCPU without the guest noticing, and an interrupt costs "
            "about ten times as much",
            "compare arms of one run, not absolute times; on the host, pin the virtual CPUs to "
            "isolated CPUs");
}

}  // namespace

void check_isolation(const Readiness& on) {
  check_online(on);
  check_domains(on);
  check_nohz(on);
  check_rcu(on);
  check_agreement(on);
  check_smt(on);
  check_kinds(on);
  check_hypervisor(on);
}

}  // namespace isolab
