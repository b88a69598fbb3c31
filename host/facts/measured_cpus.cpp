// SPDX-License-Identifier: Apache-2.0
#include "host/facts/measured_cpus.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

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

namespace {

/// The CPUs of the strongest kind among `usable`; all where there is one kind.
CpuSet strongest(const HostFacts& facts, const CpuSet& usable) {
  if (facts.kinds.size() > 1)
    for (const CpuKind& kind : facts.kinds)
      if (const CpuSet here = kind.cpus & usable; !here.empty()) return here;
  return usable;
}

/// Of a cpuset with CPUs to spare, as a container's: all but one core, which is for isolab and the
/// workloads. Nothing: that would leave no CPU.
std::optional<MeasuredCpus> measured_of_cpuset(const HostFacts& facts, const CpuSet& usable) {
  const CpuSet from = strongest(facts, usable);
  CpuSet core = usable - from;
  std::string why = fmt::format("CPUs of cpuset {}", usable.list());
  if (core.empty()) {
    const auto first = from.first();
    if (!first) return std::nullopt;
    const auto siblings = facts.siblings.find(*first);
    core = CpuSet{*first};
    why += fmt::format(" without CPU {} for housekeeping", *first);
    if (siblings != facts.siblings.end()) core = core | (siblings->second & from);
    if (core.count() > 1) why += fmt::format(" and its sibling {}", (core - CpuSet{*first}).list());
  } else {
    why += " of the fastest kind";
  }
  const CpuSet measured = from - core;
  if (measured.empty()) return std::nullopt;
  return MeasuredCpus{measured, why};
}

}  // namespace

Result<MeasuredCpus> default_measured(const HostFacts& facts) {
  TRY(require_online(facts));
  const CpuSet usable = facts.usable();
  const CpuSet isolated = facts.isolated & usable;
  const bool limited = usable.count() < facts.online.count();
  if (!isolated.empty() && !(limited && (usable - isolated).empty()))
    return MeasuredCpus{isolated, "the kernel's isolated CPUs"};
  const std::string none_isolated =
      facts.isolated.empty()
          ? "this kernel isolates none"
          : fmt::format("the isolated CPUs {} cannot be used", facts.isolated.list());
  if (limited)
    if (auto of_cpuset = measured_of_cpuset(facts, usable)) {
      if (isolated.empty()) of_cpuset->why += ": " + none_isolated;
      return *std::move(of_cpuset);
    }
  const CpuSet from = strongest(facts, usable);
  const auto last = from.last();
  if (!last)
    return Error{ErrorKind::usage,
                 fmt::format("cannot use CPU {} of the cpuset of this process: none is online",
                             facts.allowed ? facts.allowed->list() : ""),
                 "run from the root cgroup"};
  std::string why = "the last CPU";
  if (from.count() < usable.count()) why += " of the fastest kind";
  if (limited) why += fmt::format(" of cpuset {}", usable.list());
  return MeasuredCpus{CpuSet{*last},
                      why + ": " + (isolated.empty() ? none_isolated : "it has no core to spare")};
}

std::string kinds_note(const HostFacts& facts, const CpuSet& measured, const CpuSet& housekeeping) {
  const std::string ours = kinds_text(facts.kinds, measured);
  const std::string theirs = kinds_text(facts.kinds, housekeeping);
  if (ours.empty() || ours == theirs) return ours;
  return fmt::format("{}; housekeeping: {}", ours, theirs);
}

}  // namespace isolab
