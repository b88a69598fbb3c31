// SPDX-License-Identifier: Apache-2.0
#include "runner/isolation.h"

#include <fmt/format.h>
#include <unistd.h>

#include <sstream>

#include "base/text.h"
#include "base/warnings.h"
#include "host/cgroup.h"

namespace isolab {
namespace {

bool has_word(const std::string& text, const std::string& wanted) {
  std::istringstream words(text);
  for (std::string word; words >> word;)
    if (word == wanted) return true;
  return false;
}

Error cannot(const std::string& why, const std::string& hint = {}) {
  return {ErrorKind::unsupported, "isolation via a cgroup partition is not applicable: " + why,
          hint};
}

/// The partition, at the top: only a child of the root cgroup can be a partition without asking its
/// parents (Documentation/admin-guide/cgroup-v2.rst, cpuset.cpus.partition).
Result<std::string> make_partition(const CpuSet& cpus, Files& files, StateGuard& guard) {
  const auto mount = cgroup2_mount(files);
  if (!mount) return cannot(mount.error().what, mount.error().hint);
  if (!has_word(files.read(*mount + "/cgroup.controllers").value_or(""), "cpuset"))
    return cannot(
        "cgroup v2 has no cpuset controller: cgroup v1 uses it, or CONFIG_CPUSETS is not set",
        "boot with systemd.unified_cgroup_hierarchy=1 or cgroup_no_v1=all");
  TRY(guard.enable_controller(*mount + "/cgroup.subtree_control", "cpuset"));
  const std::string cgroup = fmt::format("{}/isolab-{}-isolated", *mount, ::getpid());
  TRY(guard.make_dir(cgroup));
  // All below goes with the directory. Threaded, so that single threads of a process can enter.
  TRY(files.write(cgroup + "/cgroup.type", "threaded"));
  TRY(files.write(cgroup + "/cpuset.cpus", cpus.list()));
  if (const auto wrote = files.write(cgroup + "/cpuset.cpus.partition", "isolated"); !wrote)
    return cannot(wrote.error().what + " (isolated partitions need Linux 6.1)");
  // The kernel takes the word and says what came of it: "isolated invalid (Cpu list ... not
  // exclusive)".
  const std::string state(trimmed(TRY(files.read(cgroup + "/cpuset.cpus.partition"))));
  if (state != "isolated") return cannot("the kernel reports \"" + state + "\"");
  const auto effective = CpuSet::parse(trimmed(TRY(files.read(cgroup + "/cpuset.cpus.effective"))));
  if (!effective || !(*effective == cpus))
    return cannot(fmt::format("the partition got CPUs {} instead of {}",
                              effective ? effective->list() : "?", cpus.list()));
  return cgroup;
}

/// Moves what the kernel lets move; what a driver has pinned stays and is named.
void move_interrupts(const CpuSet& cpus, const CpuSet& housekeeping, Host host, StateGuard& guard,
                     Isolation& isolation) {
  std::string stuck;
  int moved = 0;
  const auto irqs = host.files.list("/proc/irq").value_or(std::vector<std::string>{});
  for (const auto& irq : irqs) {
    const std::string file = "/proc/irq/" + irq + "/smp_affinity_list";
    if (irq == "default_smp_affinity" || !host.files.exists(file)) continue;
    const auto now = CpuSet::parse(trimmed(host.files.read(file).value_or("")));
    if (!now || (*now & cpus).empty()) continue;
    const CpuSet rest = *now - cpus;
    if (guard.set(file, (rest.empty() ? housekeeping : rest).list()))
      ++moved;
    else
      append_item(stuck, ", ", irq);
  }
  isolation.done.push_back(fmt::format("{} interrupts moved off CPU {}", moved, cpus.list()));
  if (!stuck.empty())
    isolation.warnings.push_back(make_warning(
        WarningId::irq_not_moved, "interrupts " + stuck + " cannot be moved off the isolated CPUs",
        "boot with isolcpus=managed_irq," + cpus.list()));
}

/// A CPU mask or flag that not every kernel has: set where it is there, told where it cannot be.
void set_if_there(const std::string& path, const std::string& value, const std::string& done,
                  Host host, StateGuard& guard, Isolation& isolation) {
  if (!host.files.exists(path)) {
    isolation.warnings.push_back(
        make_warning(WarningId::isolation_incomplete,
                     "not done: " + done + ": " + path + " does not exist on this kernel"));
    return;
  }
  const auto set = guard.set(path, value);
  if (set)
    isolation.done.push_back(done);
  else
    isolation.warnings.push_back(make_warning(WarningId::isolation_incomplete,
                                              "not done: " + done + ": " + set.error().what,
                                              set.error().hint));
}

}  // namespace

std::string missing_parameters(const HostFacts& facts, const CpuSet& cpus) {
  std::string missing;
  const auto add = [&](const char* parameter) {
    append_item(missing, " ", std::string(parameter) + cpus.list());
  };
  if (!(cpus - facts.isolated).empty()) add("isolcpus=managed_irq,domain,");
  if (!(cpus - facts.nohz_full).empty()) add("nohz_full=");
  if (!(cpus - facts.rcu_nocbs).empty()) add("rcu_nocbs=");
  return missing;
}

Result<Isolation> isolate(const PlannedIsolation& wanted, const CpuSet& housekeeping, Host host,
                          StateGuard& guard) {
  Isolation isolation;
  if (wanted.via == "cmdline") {
    const std::string missing = missing_parameters(host.facts, wanted.cpus);
    if (!missing.empty())
      return Error{ErrorKind::unsupported,
                   fmt::format("CPU {} was not isolated at boot", wanted.cpus.list()),
                   host.facts.has_nohz_full.value_or(true)
                       ? "add to the kernel's command line: " + missing
                       : "use a kernel with CONFIG_NO_HZ_FULL=y, with these parameters on its "
                         "command line: " +
                             missing};
    isolation.done.push_back(fmt::format(
        "CPU {} was isolated at boot by isolcpus, nohz_full and rcu_nocbs", wanted.cpus.list()));
    return isolation;
  }
  if (!host.facts.root) return cannot("it needs root");
  isolation.cgroup = TRY(make_partition(wanted.cpus, host.files, guard));
  isolation.done.push_back(
      fmt::format("CPU {} is a cgroup partition without load balancing", wanted.cpus.list()));
  move_interrupts(wanted.cpus, housekeeping, host, guard, isolation);
  const CpuSet others = host.facts.online - wanted.cpus;
  set_if_there("/proc/irq/default_smp_affinity", others.mask(),
               "new interrupts routed to other CPUs", host, guard, isolation);
  set_if_there("/sys/devices/virtual/workqueue/cpumask", others.mask(),
               "unbound workqueues moved to other CPUs", host, guard, isolation);
  set_if_there("/proc/sys/kernel/timer_migration", "1", "timers migrate to busy CPUs", host, guard,
               isolation);
  return isolation;
}

}  // namespace isolab
