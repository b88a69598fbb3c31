// SPDX-License-Identifier: Apache-2.0
#include "host/readiness/capture_machine.h"

#include "host/captured/capture.h"
#include "host/facts/facts.h"
#include "host/facts/measured_cpus.h"
#include "host/readiness/readiness.h"

namespace isolab {

std::string capture_machine(const Files& files, const std::string& title) {
  const CapturingFiles capturing(files);
  const HostFacts facts = read_kernel_facts(capturing);
  const auto measured = default_measured(facts);  // without it the checks that need none are read
  (void)check_readiness(capturing, facts, measured ? measured->cpus : CpuSet{});
  for (const char* path : {"/proc/interrupts", "/proc/softirqs", "/proc/version"})
    (void)capturing.read(path);
  return capturing.archive(title);
}

}  // namespace isolab
