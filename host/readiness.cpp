// SPDX-License-Identifier: Apache-2.0
#include "host/readiness.h"

#include "host/readiness_checks.h"

namespace isolab {

const char* to_string(ReadinessLevel level) {
  switch (level) {
    case ReadinessLevel::ok: return "ok";
    case ReadinessLevel::advice: return "advice";
    case ReadinessLevel::problem: return "problem";
    case ReadinessLevel::not_applicable: return "not applicable";
  }
  return "unknown";
}

std::string text_of(const Files& files, const std::string& path) {
  const auto text = files.read(path);
  return text ? std::string(trimmed(*text)) : std::string();
}

std::vector<ReadinessFinding> check_readiness(const Files& files, const HostFacts& facts,
                                              const CpuSet& measured) {
  std::vector<ReadinessFinding> findings;
  const Readiness on{files, facts, measured, findings};
  check_isolation(on);
  check_rights(on);
  check_interrupts(on);
  check_scheduler(on);
  check_time_and_power(on);
  check_memory(on);
  check_kernel_build(on);
  return findings;
}

}  // namespace isolab
