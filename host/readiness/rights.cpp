// SPDX-License-Identifier: Apache-2.0
// What isolab may do here: rights, the limits of its cgroup, and the kernel's tracing files.
#include <fmt/format.h>

#include "base/text.h"
#include "host/cgroup.h"
#include "host/readiness/checks.h"
#include "host/readiness/missing_rights.h"
#include "host/tracefs.h"

namespace isolab {
namespace {

void check_capabilities(const Readiness& on) {
  constexpr const char *kId = "rights", *kSubject = "Rights";
  const auto missing = missing_rights(on.files);
  if (!missing) {
    on.not_applicable(kId, kSubject, missing.error().what);
    return;
  }
  if (on.facts.root && missing->empty()) {
    on.ok(kId, kSubject, "root with all required capabilities");
    return;
  }
  std::string names;
  bool less_measured = !on.facts.root;
  std::vector<Interrupter> named;
  for (const MissingRight& right : *missing) {
    append_item(names, ", ", right.name);
    less_measured = less_measured || right.name == "tracefs" || right.name == "CAP_SYS_NICE";
    named.push_back({right.name, 0, right.without, right.remedy});
  }
  const std::string seen = fmt::format("{}{}{}", on.facts.root ? "root" : "not root",
                                       names.empty() ? "" : ", without ", names);
  const std::string advice = on.facts.root
                                 ? "add them to the container (docs/containers.md); isolab check "
                                   "--full says what each is for"
                                 : "run as root; in a container also with the rights that isolab "
                                   "check --full lists";
  if (less_measured)
    on.problem(kId, kSubject, seen,
               "settings, tracing, real-time policies and locked memory are refused", advice);
  else
    on.advise(kId, kSubject, seen, "some workloads and settings are not applicable", advice);
  on.findings.back().named = std::move(named);
}

void check_quota(const Readiness& on) {
  constexpr const char *kId = "cgroup_quota", *kSubject = "Processor quota";
  std::string limits;
  const auto add = [&](const std::string& where, const std::string& limit) {
    append_item(limits, "; ", fmt::format("{}: {}", where, limit));
  };
  bool any = false;
  if (const auto path = own_cgroup_path(on.files, "")) {
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      for (const std::string& below : up_to_root(*path)) {
        const std::string directory = mount + below;
        const std::string limit = text_of(on.files, directory + "/cpu.max");
        any = any || !limit.empty();
        if (!limit.empty() && !limit.starts_with("max")) add(directory + "/cpu.max", limit);
      }
    }
  }
  if (const auto path = own_cgroup_path(on.files, "cpu")) {
    for (const char* mount : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"}) {
      for (const std::string& below : up_to_root(*path)) {
        const std::string directory = mount + below;
        const std::string limit = text_of(on.files, directory + "/cpu.cfs_quota_us");
        any = any || !limit.empty();
        if (!limit.empty() && limit != "-1") add(directory + "/cpu.cfs_quota_us", limit);
      }
    }
  }
  if (!limits.empty()) {
    on.problem(kId, kSubject, limits,
               "the quota stops the probe for the rest of each period: gaps of many milliseconds "
               "that no interrupt explains",
               "run outside this cgroup or write \"max\" (v1: -1) to the limit");
  } else {
    on.ok(kId, kSubject,
          any ? "no limit in this cgroup or above it" : "this cgroup has no cpu controller");
  }
}

void check_cpuset(const Readiness& on) {
  constexpr const char *kId = "cpuset", *kSubject = "Cpuset";
  const auto& allowed = on.facts.allowed;
  if (!allowed) {
    on.ok(kId, kSubject, "no cpuset limits isolab");
    return;
  }
  const CpuSet missing = on.measured - *allowed;
  if (missing.empty()) {
    on.ok(kId, kSubject, fmt::format("it allows CPUs {}", allowed->list()));
  } else {
    on.problem(kId, kSubject,
               fmt::format("it allows CPUs {}, not {}", allowed->list(), missing.list()),
               "the probe cannot be pinned to the measured CPUs",
               "run from the root cgroup, or add the CPUs to the cpuset");
  }
}

void check_rt_group(const Readiness& on) {
  constexpr const char *kId = "rt_group", *kSubject = "Real-time budget";
  if (!on.facts.config_on("CONFIG_RT_GROUP_SCHED")) {
    on.ok(kId, kSubject, "no budgets per cgroup in this kernel");
    return;
  }
  const auto path = own_cgroup_path(on.files, "cpu");
  std::string budget;
  for (const char* mount : {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"})
    if (budget.empty() && path)
      budget = text_of(on.files, mount + up_to_root(*path).front() + "/cpu.rt_runtime_us");
  if (budget == "0") {
    on.problem(kId, kSubject, "cpu.rt_runtime_us of this cgroup is 0",
               "SCHED_FIFO is refused, so cyclictest and fifo probes fail",
               "run from the root cgroup or give this cgroup a budget");
  } else {
    on.ok(kId, kSubject,
          budget.empty() ? "this cgroup sets no limit"
                         : fmt::format("cpu.rt_runtime_us is {}", budget));
  }
}

void check_tracefs(const Readiness& on) {
  constexpr const char *kId = "tracefs", *kSubject = "Kernel tracing";
  const std::string root = find_tracefs(on.files);
  if (root.empty()) {
    if (on.files.exists("/sys/kernel/tracing")) {
      on.advise(kId, kSubject, "tracefs is not mounted or not readable",
                "interruptions cannot be named without it",
                "run as root: isolab mounts it in a private namespace");
    } else {
      on.not_applicable(kId, kSubject, "this kernel has no tracefs (CONFIG_FTRACE)",
                        "use a kernel with CONFIG_FTRACE=y");
    }
    return;
  }
  std::string missing;
  for (const char* event : {"csd/csd_queue_cpu", "csd/csd_function_entry", "ipi/ipi_send_cpu"})
    if (!on.files.exists(fmt::format("{}/events/{}", root, event)))
      append_item(missing, ", ", event);
  if (missing.empty()) {
    on.ok(kId, kSubject, "tracefs has the csd and ipi events");
  } else {
    on.advise(kId, kSubject, fmt::format("events are missing: {}", missing),
              "senders of IPIs are known less exactly, or not at all",
              "use Linux 6.5 or later, or a kernel with CONFIG_KPROBES");
  }
}

}  // namespace

void check_rights(const Readiness& on) {
  check_capabilities(on);
  check_quota(on);
  check_cpuset(on);
  check_rt_group(on);
  check_tracefs(on);
}

}  // namespace isolab
