// SPDX-License-Identifier: Apache-2.0
// CPUs of different kinds in one machine (Intel hybrid, Arm big.LITTLE). Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "host/files.h"

namespace isolab {

/// CPUs that the kernel describes alike.
struct CpuKind {
  std::string name;  // "P-core, highest_perf 64-67", "part 0xd85, capacity 997-1024"; may be empty
  CpuSet cpus;
  bool operator==(const CpuKind&) const = default;
};

/// The kinds among `online`, strongest first; one when all are alike, none when `online` is empty.
/// Their distinguishing properties, as far as they can be read: the core type of x86 hybrid
/// processors
/// (/sys/devices/cpu_core, cpu_atom and cpu_lowpower; arch/x86/events/intel/core.c, Linux 5.13),
/// the part number of arm64 (regs/identification/midr_el1, Linux 4.7), and a step of a quarter or
/// more in cpu_capacity (drivers/base/arch_topology.c, 0-1024) or, where there is no such file, in
/// acpi_cppc/highest_perf (drivers/acpi/cppc_acpi.c). Smaller steps are favoured cores of one kind.
std::vector<CpuKind> read_cpu_kinds(const Files& files, const CpuSet& online);

/// The kinds of `cpus` by name: "P-core", or "P-core: 4-7; E-core: 12-15". Empty when the machine
/// has one kind.
std::string kinds_text(const std::vector<CpuKind>& kinds, const CpuSet& cpus);

}  // namespace isolab
