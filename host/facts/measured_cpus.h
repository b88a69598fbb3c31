// SPDX-License-Identifier: Apache-2.0
// Which CPUs are measured when none are named: what `measured: auto` and `isolab check` take.
#pragma once

#include <string>

#include "base/result.h"
#include "host/facts/facts.h"

namespace isolab {

struct MeasuredCpus {
  CpuSet cpus;      // not empty
  std::string why;  // "the kernel's isolated CPUs"
};

/// unsupported: which CPUs are online is not known (no /sys), with what could not be read.
Result<void> require_online(const HostFacts& facts);

/// The isolated CPUs that are online and in this process's cpuset. Where the cpuset has some of the
/// CPUs and no other than isolated ones, or none isolated: all of it of the strongest kind, without
/// the first CPU and its siblings, which are left for housekeeping. Else the last CPU of the
/// strongest kind, the one a latency-critical task would be given. Fails as require_online() does,
/// or (usage) when the cpuset allows no online CPU.
Result<MeasuredCpus> default_measured(const HostFacts& facts);

/// What is to be known of the kinds of measured and housekeeping CPUs; empty when the machine has
/// one kind.
std::string kinds_note(const HostFacts& facts, const CpuSet& measured, const CpuSet& housekeeping);

}  // namespace isolab
