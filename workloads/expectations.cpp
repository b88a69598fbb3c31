// SPDX-License-Identifier: Apache-2.0
// See expectations.h. Reads /proc/cpuinfo; changes nothing.
#include "workloads/expectations.h"

namespace isolab {

double function_calls_per_key_flip(Arch arch) { return arch == Arch::x86_64 ? 3 : 1; }

std::optional<double> function_calls_per_kernel_flush(const Host& host, Arch arch) {
  if (arch == Arch::arm64) return 0;
  const auto cpuinfo = host.files.read("/proc/cpuinfo");
  const bool amd = cpuinfo && cpuinfo->find("AuthenticAMD") != std::string::npos;
  if (amd && host.facts.config("CONFIG_BROADCAST_TLB_FLUSH") != "n") return std::nullopt;
  return 1;
}

}  // namespace isolab
