// SPDX-License-Identifier: Apache-2.0
// See expectations.h. Reads /proc/cpuinfo; changes nothing.
#include "workloads/expectations.h"

#include <cstdio>

namespace isolab {

double function_calls_per_key_flip(Arch arch) { return arch == Arch::x86_64 ? 3 : 1; }

std::optional<double> function_calls_per_kernel_flush(const Host& host, Arch arch) {
  if (arch == Arch::arm64) return 0;
  const auto cpuinfo = host.files.read("/proc/cpuinfo");
  const bool amd = cpuinfo && cpuinfo->find("AuthenticAMD") != std::string::npos;
  if (amd && host.facts.config("CONFIG_BROADCAST_TLB_FLUSH") != "n") return std::nullopt;
  return 1;
}

bool kernel_before(const Host& host, int major, int minor) {
  int has_major = 0, has_minor = 0;
  if (std::sscanf(host.facts.kernel_release.c_str(), "%d.%d", &has_major, &has_minor) != 2)
    return false;
  return has_major != major ? has_major < major : has_minor < minor;
}

}  // namespace isolab
