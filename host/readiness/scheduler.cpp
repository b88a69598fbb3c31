// SPDX-License-Identifier: Apache-2.0
// Kernel housekeeping that runs, or throttles, on measured CPUs.
#include <fmt/format.h>

#include "host/readiness/checks.h"

namespace isolab {
namespace {

void check_throttle(const Readiness& on) {
  constexpr const char *kId = "rt_throttle", *kSubject = "Real-time throttling";
  const auto runtime = read_number(on.files, "/proc/sys/kernel/sched_rt_runtime_us");
  const auto period = read_number(on.files, "/proc/sys/kernel/sched_rt_period_us");
  if (!runtime || !period) {
    on.not_applicable(kId, kSubject, (runtime ? period : runtime).error().what);
  } else if (*runtime < 0 || *runtime >= *period) {
    on.ok(kId, kSubject, "off");
  } else {
    // Linux 6.12 dropped the global throttle unless CONFIG_RT_GROUP_SCHED (kernel/sched/rt.c).
    on.advise(
        kId, kSubject, fmt::format("real-time tasks get {} of {} us", *runtime, *period),
        fmt::format(
            "a SCHED_FIFO busy loop is stopped for {} ms every second before Linux 6.12, and with "
            "CONFIG_RT_GROUP_SCHED after it",
            (*period - *runtime) / 1000),
        "for fifo probes write -1 to /proc/sys/kernel/sched_rt_runtime_us; SCHED_OTHER probes are "
        "not affected");
  }
}

void check_fair_server(const Readiness& on) {
  constexpr const char *kId = "fair_server", *kSubject = "Deadline fair server";
  CpuSet active;
  std::string runtime, reason;
  for (int cpu : on.measured) {
    const auto value = read_number(
        on.files, fmt::format("/sys/kernel/debug/sched/fair_server/cpu{}/runtime", cpu));
    if (!value) {
      reason = value.error().what;
    } else if (*value > 0) {
      active.add(cpu);
      runtime = std::to_string(*value / 1'000'000);
    }
  }
  if (!reason.empty()) {
    on.not_applicable(kId, kSubject, reason,
                      "Linux before 6.12 has none; otherwise mount debugfs, or boot without "
                      "lockdown, to read it");
  } else if (active.empty()) {
    on.ok(kId, kSubject, "off on the measured CPUs");
  } else {
    on.advise(kId, kSubject,
              fmt::format("reserves {} ms per second on CPUs {}", runtime, active.list()),
              "it stops a SCHED_FIFO busy loop as soon as any ordinary task waits there, and keeps "
              "the tick on",
              "for fifo probes write 0 to /sys/kernel/debug/sched/fair_server/cpuN/runtime");
  }
}

void check_timer_migration(const Readiness& on) {
  constexpr const char *kId = "timer_migration", *kSubject = "Timer migration";
  const std::string value = text_of(on.files, "/proc/sys/kernel/timer_migration");
  if (value.empty()) {
    on.not_applicable(kId, kSubject, "/proc/sys/kernel/timer_migration does not exist");
  } else if (value == "1") {
    on.ok(kId, kSubject, "on: timers may migrate to busy housekeeping CPUs");
  } else {
    on.advise(kId, kSubject, "off", "timers stay on the CPU that armed them, also on measured CPUs",
              "write 1 to /proc/sys/kernel/timer_migration");
  }
}

void check_workqueues(const Readiness& on) {
  constexpr const char *kId = "workqueue_mask", *kSubject = "Unbound workqueues";
  const auto cpus = CpuSet::parse_mask(text_of(on.files, "/sys/devices/virtual/workqueue/cpumask"));
  if (!cpus) {
    on.not_applicable(kId, kSubject, "/sys/devices/virtual/workqueue/cpumask cannot be read");
    return;
  }
  const CpuSet hit = *cpus & on.measured;
  if (hit.empty()) {
    on.ok(kId, kSubject, fmt::format("they run on CPUs {}", cpus->list()));
  } else {
    on.advise(kId, kSubject, fmt::format("they may run on measured CPUs {}", hit.list()),
              "kernel workers preempt the measured task",
              fmt::format("write the mask {} to /sys/devices/virtual/workqueue/cpumask",
                          (*cpus - on.measured).mask()));
  }
}

void check_watchdogs(const Readiness& on) {
  constexpr const char *kId = "watchdog", *kSubject = "Lockup watchdogs";
  const std::string soft = text_of(on.files, "/proc/sys/kernel/watchdog");
  const std::string hard = text_of(on.files, "/proc/sys/kernel/nmi_watchdog");
  if (soft.empty()) {
    on.not_applicable(kId, kSubject, "this kernel has none");
    return;
  }
  const auto cpus = CpuSet::parse(text_of(on.files, "/proc/sys/kernel/watchdog_cpumask"));
  const CpuSet hit = cpus ? *cpus & on.measured : on.measured;
  if (soft == "0" || hit.empty()) {
    on.ok(kId, kSubject, soft == "0" ? "off" : "no measured CPU is watched");
  } else {
    on.advise(
        kId, kSubject,
        fmt::format("on for measured CPUs {}{}", hit.list(), hard == "1" ? ", with NMIs" : ""),
        hard == "1" ? "a timer and a performance-counter NMI interrupt each CPU every few seconds"
                    : "a timer wakes a kernel thread on each CPU every few seconds",
        "write the housekeeping CPUs to /proc/sys/kernel/watchdog_cpumask, or boot with "
        "nowatchdog");
  }
}

/// Steal of the measured CPUs since boot, from /proc/stat: the ninth column after the name.
void check_steal(const Readiness& on) {
  constexpr const char *kId = "steal", *kSubject = "Stolen time";
  if (on.facts.hypervisor.empty()) {
    on.not_applicable(kId, kSubject, "no hypervisor");
    return;
  }
  const std::string stat = text_of(on.files, "/proc/stat");
  double stolen = 0, all = 0;
  for (int cpu : on.measured) {
    const std::string name = fmt::format("\ncpu{} ", cpu);
    const auto at = stat.find(name);
    if (at == std::string::npos) continue;
    const char* rest = stat.c_str() + at + name.size();
    for (int column = 1; column <= 8; ++column) {
      char* end = nullptr;
      const double value = std::strtod(rest, &end);
      if (end == rest) break;
      rest = end;
      all += value;
      if (column == 8) stolen += value;
    }
  }
  if (all <= 0) {
    on.not_applicable(kId, kSubject, "/proc/stat shows no time for the measured CPUs");
  } else if (stolen <= 0) {
    on.ok(kId, kSubject, "none on the measured CPUs since boot (the host may not report it)");
  } else {
    on.advise(kId, kSubject,
              fmt::format("{:.2f} % of the measured CPUs' time since boot", stolen / all * 100),
              "the host runs other tasks on these processors: gaps without a cause in the guest",
              "pin the virtual CPUs to dedicated processors of the host");
  }
}

}  // namespace

void check_scheduler(const Readiness& on) {
  check_throttle(on);
  check_fair_server(on);
  check_timer_migration(on);
  check_workqueues(on);
  check_watchdogs(on);
  check_steal(on);
}

}  // namespace isolab
