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

struct ReadinessFinding {
  std::string id;  // stable word: "irq_affinity"
  ReadinessLevel level = ReadinessLevel::ok;
  std::string subject;  // for people: "Device interrupts"
  std::string seen;     // what was found, with numbers; for not_applicable the reason
  std::string matters;  // why it matters; empty when ok
  std::string advice;   // what to do; empty when nothing can or need be done
  bool operator==(const ReadinessFinding&) const = default;
};

/// Every check, always in the same order. `measured` is the CPUs a run would measure.
std::vector<ReadinessFinding> check_readiness(const Files& files, const HostFacts& facts,
                                              const CpuSet& measured);

}  // namespace isolab
