// SPDX-License-Identifier: Apache-2.0
// The groups of checks behind check_readiness(); each appends its findings in a fixed order.
#pragma once

#include <vector>

#include "host/readiness/readiness.h"
#include "host/readiness/tasks.h"

namespace isolab {

/// The input of every check, and its output.
struct Readiness {
  const Files& files;
  const HostFacts& facts;
  const CpuSet& measured;
  const Tasks& tasks;
  std::vector<ReadinessFinding>& findings;

  /// Where other tasks and interrupts may go, whatever the cpuset of this process is.
  CpuSet housekeeping() const {
    const CpuSet rest = facts.online - measured;
    const CpuSet not_isolated = rest - facts.isolated;
    return not_isolated.empty() ? rest : not_isolated;
  }

  void ok(const char* id, const char* subject, std::string seen) const {
    findings.push_back({id, ReadinessLevel::ok, subject, std::move(seen), "", ""});
  }
  void not_applicable(const char* id, const char* subject, std::string reason,
                      std::string advice = "") const {
    findings.push_back(
        {id, ReadinessLevel::not_applicable, subject, std::move(reason), "", std::move(advice)});
  }
  void advise(const char* id, const char* subject, std::string seen, std::string matters,
              std::string advice) const {
    findings.push_back({id, ReadinessLevel::advice, subject, std::move(seen), std::move(matters),
                        std::move(advice)});
  }
  void problem(const char* id, const char* subject, std::string seen, std::string matters,
               std::string advice) const {
    findings.push_back({id, ReadinessLevel::problem, subject, std::move(seen), std::move(matters),
                        std::move(advice)});
  }
  /// `seen` followed by the first three names.
  void name(ReadinessLevel level, const char* id, const char* subject, const std::string& seen,
            std::string matters, std::string advice, std::vector<Interrupter> named) const;
};

void check_isolation(const Readiness& on);   // lists of CPUs, SMT, hypervisor
void check_rights(const Readiness& on);      // root, capabilities, cgroup, tracefs
void check_interrupts(const Readiness& on);  // device interrupts, irqbalance, machine check polling
void check_processes(const Readiness& on);   // descriptors: registers, counters, BPF, timers
void check_threads(const Readiness& on);     // whose affinity has measured CPUs
void check_scheduler(
    const Readiness& on);  // throttling, fair server, timers, workqueues, watchdogs
void check_time_and_power(const Readiness& on);   // clocksource, frequency
void check_memory(const Readiness& on);           // khugepaged, KSM, NUMA balancing, vmstat
void check_kernel_build(const Readiness& on);     // debug options, mitigations
void check_kernel_features(const Readiness& on);  // page tables, TLB, guests, sched_ext, rseq

/// A dotted or slashed kernel file as trimmed text; empty if it cannot be read.
std::string text_of(const Files& files, const std::string& path);

}  // namespace isolab
