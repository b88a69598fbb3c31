// SPDX-License-Identifier: Apache-2.0
// Which CPUs the kernel keeps its hands off, and who shares a core or a host with them.
#include <fmt/format.h>

#include "host/readiness_checks.h"

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
               "workloads and our own threads would run on the measured CPUs",
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

void check_domains(const Readiness& on) {
  constexpr const char *kId = "isolated", *kSubject = "Scheduler isolation";
  const CpuSet isolated = on.facts.isolated | partitions(on.files);
  const CpuSet missing = on.measured - isolated;
  if (missing.empty()) {
    on.ok(kId, kSubject, fmt::format("isolated CPUs: {}", isolated.list()));
    return;
  }
  on.problem(
      kId, kSubject,
      isolated.empty() ? "no CPU is isolated"
                       : fmt::format("isolated CPUs: {}; not {}", isolated.list(), missing.list()),
      "the scheduler puts and balances other tasks onto the measured CPUs",
      fmt::format("boot with isolcpus=managed_irq,domain,{} or make a cgroup v2 partition with "
                  "cpuset.cpus.partition=isolated",
                  on.measured.list()));
}

void check_nohz(const Readiness& on) {
  constexpr const char *kId = "nohz_full", *kSubject = "Tickless CPUs";
  const std::string hz = on.facts.config("CONFIG_HZ");
  const std::string rate =
      hz == "n" || hz == "unknown" ? "every tick" : fmt::format("{} ticks a second", hz);
  const CpuSet missing = on.measured - on.facts.nohz_full;
  if (!on.measured.empty() && missing.empty()) {
    on.ok(kId, kSubject, fmt::format("nohz_full CPUs: {}", on.facts.nohz_full.list()));
  } else if (on.facts.config("CONFIG_NO_HZ_FULL") == "n") {
    on.not_applicable(
        kId, kSubject,
        fmt::format("this kernel has no CONFIG_NO_HZ_FULL: {} interrupt the measured CPUs", rate),
        "use a kernel with CONFIG_NO_HZ_FULL=y");
  } else {
    on.problem(kId, kSubject,
               on.facts.nohz_full.empty() ? "no CPU is tickless"
                                          : fmt::format("nohz_full CPUs: {}; not {}",
                                                        on.facts.nohz_full.list(), missing.list()),
               fmt::format("the measured CPUs are interrupted by {}", rate),
               fmt::format("boot with nohz_full={}", on.measured.list()));
  }
}

void check_rcu(const Readiness& on) {
  constexpr const char *kId = "rcu_nocbs", *kSubject = "RCU callbacks";
  const CpuSet missing = on.measured - on.facts.rcu_nocbs;
  if (missing.empty()) {
    on.ok(kId, kSubject, fmt::format("offloaded from CPUs {}", on.facts.rcu_nocbs.list()));
  } else if (on.facts.config_on("CONFIG_RCU_NOCB_CPU_DEFAULT_ALL")) {
    on.ok(kId, kSubject, "offloaded from all CPUs (CONFIG_RCU_NOCB_CPU_DEFAULT_ALL)");
  } else if (on.facts.config("CONFIG_RCU_NOCB_CPU") == "n") {
    on.not_applicable(kId, kSubject, "this kernel has no CONFIG_RCU_NOCB_CPU",
                      "use a kernel with CONFIG_RCU_NOCB_CPU=y");
  } else {
    on.problem(kId, kSubject, fmt::format("not offloaded from CPUs {}", missing.list()),
               "softirqs run RCU callbacks on the measured CPUs",
               fmt::format("boot with rcu_nocbs={} (nohz_full= implies it)", on.measured.list()));
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
          fmt::format("isolated, nohz_full and rcu_nocbs all hold {}", facts.isolated.list()));
    return;
  }
  on.advise(
      kId, kSubject,
      fmt::format("isolated \"{}\", nohz_full \"{}\", rcu_nocbs \"{}\"", facts.isolated.list(),
                  facts.nohz_full.list(), facts.rcu_nocbs.list()),
      "a CPU in one list only is half isolated, and results of different CPUs cannot be pooled",
      "boot with the same list in isolcpus=, nohz_full= and rcu_nocbs=");
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
    on.ok(kId, kSubject, "each measured CPU has its core for itself");
  } else if (!busy.empty()) {
    on.problem(
        kId, kSubject,
        fmt::format("CPUs {} share cores with measured CPUs and do housekeeping", busy.list()),
        "what runs there slows the measured CPUs by contention that no trace shows",
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
              "counts are the real kernel's, times say how busy the emulator's host is",
              "use this machine for counts; measure times on the machine itself");
    return;
  }
  on.advise(kId, kSubject, fmt::format("this is a virtual machine ({})", on.facts.hypervisor),
            "the host takes the processor away without the guest seeing it, and an interrupt costs "
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
  check_hypervisor(on);
}

}  // namespace isolab
