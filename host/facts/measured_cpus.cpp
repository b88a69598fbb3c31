// SPDX-License-Identifier: Apache-2.0
#include "host/facts/measured_cpus.h"

#include <fmt/format.h>

namespace isolab {

Result<void> require_online(const HostFacts& facts) {
  if (!facts.online.empty()) return {};
  return Error{
      ErrorKind::unsupported,
      "cannot determine the online CPUs: " + (facts.online_unknown.empty()
                                                  ? "the list of online CPUs is empty"
                                                  : facts.online_unknown),
      facts.captured
          ? "capture the machine with /sys/devices/system/cpu"
          : "mount sysfs (mount -t sysfs sysfs /sys), or run outside this container or chroot"};
}

Result<MeasuredCpus> default_measured(const HostFacts& facts) {
  TRY(require_online(facts));
  const CpuSet usable = facts.usable();
  const CpuSet isolated = facts.isolated & usable;
  if (!isolated.empty()) return MeasuredCpus{isolated, "the kernel's isolated CPUs"};
  CpuSet from = usable;
  bool chosen = false;
  if (facts.kinds.size() > 1)
    for (const CpuKind& kind : facts.kinds) {
      const CpuSet here = kind.cpus & usable;
      if (here.empty()) continue;
      from = here;
      chosen = true;
      break;
    }
  const auto last = from.last();
  if (!last)
    return Error{ErrorKind::usage,
                 fmt::format("cannot use CPU {} of the cpuset of this process: none is online",
                             facts.allowed ? facts.allowed->list() : ""),
                 "run from the root cgroup"};
  std::string why = "the last CPU";
  if (chosen) why += " of the fastest kind";
  if (usable.count() < facts.online.count()) why += fmt::format(" of cpuset {}", usable.list());
  why += facts.isolated.empty()
             ? ": this kernel isolates none"
             : fmt::format(": the isolated CPUs {} cannot be used", facts.isolated.list());
  return MeasuredCpus{CpuSet{*last}, why};
}

std::string kinds_note(const HostFacts& facts, const CpuSet& measured, const CpuSet& housekeeping) {
  const std::string ours = kinds_text(facts.kinds, measured);
  const std::string theirs = kinds_text(facts.kinds, housekeeping);
  if (ours.empty() || ours == theirs) return ours;
  return fmt::format("{}; housekeeping: {}", ours, theirs);
}

}  // namespace isolab
