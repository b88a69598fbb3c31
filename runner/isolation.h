// SPDX-License-Identifier: Apache-2.0
// Isolation for the time of a run. Everything goes through the state guard and ends with it.
//
//   via: partition   a cgroup-v2 cpuset partition of kind "isolated" (Linux 6.1) around the CPUs,
//   IRQ
//                    affinities, unbound workqueues and the kernel's hrtimers moved to housekeeping
//   via: cmdline     nothing is changed: the boot parameters are verified
#pragma once

#include <string>
#include <vector>

#include "base/plan.h"
#include "base/records.h"
#include "base/result.h"
#include "host/facts/facts.h"
#include "host/guard.h"

namespace isolab {

struct Isolation {
  /// The partition's cgroup: threads for the isolated CPUs must enter it (cgroup.threads) before
  /// they are pinned, their process must live in the root cgroup. Empty: nothing to enter.
  std::string cgroup;
  std::vector<std::string> done;  // what was changed or verified, as sentences
  std::vector<Warning> warnings;  // what would not move: an interrupt pinned by its driver
};

/// unsupported with the reason when this kernel or this boot cannot isolate the CPUs as requested;
/// changes until then are in the guard.
Result<Isolation> isolate(const PlannedIsolation& wanted, const CpuSet& housekeeping, Host host,
                          StateGuard& guard);

/// The kernel parameters missing on the command line for these CPUs, "isolcpus=... nohz_full=...";
/// empty: none.
std::string missing_parameters(const HostFacts& facts, const CpuSet& cpus);

}  // namespace isolab
