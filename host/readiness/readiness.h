// SPDX-License-Identifier: Apache-2.0
// Is this machine ready to be measured? One finding a subject, with what to do about it. A pure
// function of kernel files and facts: it changes nothing and is tested on captured machines.
#pragma once

#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "host/facts/facts.h"
#include "host/files.h"

namespace isolab {

enum class ReadinessLevel {
  ok,              // as it should be
  advice,          // measurable, but it costs quiet or bends a number
  problem,         // the measured CPUs are disturbed, or the measurement fails
  not_applicable,  // this kernel, machine or our rights cannot tell
};

const char* to_string(ReadinessLevel level);

/// A process, thread, device or kernel timer that a finding names.
struct Interrupter {
  std::string name;    // comm, or what the kernel calls the device or function
  int pid = 0;         // of a process or thread; 0: it is neither
  std::string seen;    // "4 perf events"
  std::string advice;  // what to do about this one
  bool operator==(const Interrupter&) const = default;
};

struct ReadinessFinding {
  std::string id;  // stable word: "irq_affinity"
  ReadinessLevel level = ReadinessLevel::ok;
  std::string subject;     // for people: "Device interrupts"
  std::string seen;        // what was found, with numbers; for not_applicable the reason
  std::string matters;     // why it matters; empty when ok
  std::string advice;      // what to do; empty when nothing can or need be done
  std::string group = {};  // "CPUs", "processes" ...: checks of one kind
  std::vector<Interrupter> named = {};  // worst first; `seen` has the first three
  bool operator==(const ReadinessFinding&) const = default;
};

/// Every check, always in the same order. `measured` is the CPUs a run would measure.
std::vector<ReadinessFinding> check_readiness(const Files& files, const HostFacts& facts,
                                              const CpuSet& measured);

}  // namespace isolab
