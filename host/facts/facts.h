// SPDX-License-Identifier: Apache-2.0
// What kind of machine this is: read once, stored in every recording.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cpu_set.h"
#include "base/records.h"
#include "host/facts/cpu_kinds.h"
#include "host/facts/kernel_flush.h"
#include "host/files.h"

namespace isolab {

struct HostFacts {
  std::string arch;            // "x86_64" or "arm64"
  std::string kernel_release;  // uname -r
  std::string hypervisor;      // "" on bare metal, else "KVM", ...
  std::string emulator;        // "QEMU" when the CPUs are emulated: their times mean nothing
  CpuSet online;
  std::string online_unknown;     // why `online` is empty: what could not be read; else empty
  std::optional<CpuSet> allowed;  // the CPUs of our cpuset; nothing: no cpuset limits isolab
  std::vector<CpuKind> kinds;     // of the online CPUs, strongest first; one: all alike
  CpuSet isolated;                // /sys/devices/system/cpu/isolated
  CpuSet nohz_full;               // /sys/devices/system/cpu/nohz_full
  CpuSet rcu_nocbs;               // from the command line (rcu_nocbs=, and nohz_full implies it)
  /// Built with CONFIG_NO_HZ_FULL; nothing: neither the configuration nor sysfs can be read.
  std::optional<bool> has_nohz_full;
  std::map<int, CpuSet> siblings;  // SMT siblings of each online CPU, itself included
  std::uint64_t memory_bytes = 0;  // MemAvailable
  std::size_t page_size = 4096;
  bool root = false;
  bool captured = false;  // read from a capture or a directory tree, not from the running machine
  bool tsc_reliable = false;  // x86: constant_tsc and nonstop_tsc
  KernelFlush kernel_flush;   // how its own mappings leave the TLBs of other CPUs
  std::map<std::string, std::string>
      kernel_config;  // CONFIG_X -> y, m or value; empty: not readable

  /// Online, and in our cpuset.
  CpuSet usable() const { return allowed ? online & *allowed : online; }
  /// y or m.
  bool config_on(const std::string& option) const;
  /// "y", "m", "n" (config readable, option absent) or "unknown".
  std::string config(const std::string& option) const;

  Facts all;  // everything for the recording, dotted keys; see docs/recording-format.md
};

/// Reads the machine: kernel files through `files`, topology through hwloc, versions of tools.
/// Never fails: what cannot be read is recorded as "unknown: reason".
HostFacts read_host_facts(const Files& files);

/// The part that comes from `files` alone, as for a captured machine.
HostFacts read_kernel_facts(const Files& files);

/// The value of "name=value" on a kernel command line, the last one if repeated; empty: not there.
std::string command_line_value(std::string_view line, std::string_view name);

/// `all` as hwloc and the file system see it, recorded as topology.* keys (hwloc lives here only).
void add_topology(Facts& facts);

/// The plug-in's view of the machine.
struct Host {
  Files& files;
  const HostFacts& facts;
};

}  // namespace isolab
