// SPDX-License-Identifier: Apache-2.0
// Time, power, memory management and how the kernel was built.
#include <fmt/format.h>

#include <array>
#include <set>

#include "base/text.h"
#include "host/kernel_values.h"
#include "host/readiness/checks.h"

namespace isolab {
namespace {

bool has_word(const std::string& words, std::string_view wanted) {
  return (" " + words + " ").find(" " + std::string(wanted) + " ") != std::string::npos;
}

void check_clocksource(const Readiness& on) {
  constexpr const char *kId = "clocksource", *kSubject = "Clocksource";
  const std::string current =
      text_of(on.files, "/sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (current.empty()) {
    on.not_applicable(kId, kSubject, "the current clocksource cannot be read");
    return;
  }
  if (on.facts.arch != "x86_64") {
    on.ok(kId, kSubject, current);
    return;
  }
  if (current != "tsc") {
    on.problem(kId, kSubject, fmt::format("{}, not tsc", current),
               "reading the time costs a trap or a slow device, in every timed program",
               "find out why the kernel rejected the TSC (dmesg), then boot with tsc=reliable if "
               "it is sound");
    return;
  }
  const std::string line = text_of(on.files, "/proc/cmdline");
  const std::string option = command_line_value(line, "tsc");
  // Linux 5.17+ needs no watchdog where the TSC can be checked by itself (tsc_adjust) on few
  // sockets.
  const bool sound =
      on.facts.tsc_reliable && has_word(text_of(on.files, "/proc/cpuinfo"), "tsc_adjust");
  if (option == "reliable" || option == "nowatchdog" || sound || !on.facts.hypervisor.empty()) {
    on.ok(kId, kSubject, option.empty() ? "tsc" : fmt::format("tsc, with tsc={}", option));
  } else {
    on.advise(kId, kSubject, "tsc, checked by the clocksource watchdog",
              "a timer runs on every CPU in turn, twice per second, also on isolated ones",
              "boot with tsc=reliable");
  }
}

void check_governor(const Readiness& on) {
  constexpr const char *kId = "governor", *kSubject = "Frequency governor";
  std::set<std::string> governors;
  for (int cpu : on.measured)
    governors.insert(text_of(
        on.files, fmt::format("/sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor", cpu)));
  governors.erase("");
  if (governors.empty()) {
    on.not_applicable(kId, kSubject, "the kernel does not control the frequency here");
  } else if (governors == std::set<std::string>{"performance"}) {
    on.ok(kId, kSubject, "performance");
  } else {
    std::string names;
    for (const std::string& name : governors) append_item(names, ", ", name);
    on.advise(kId, kSubject, fmt::format("{} on measured CPUs", names),
              "the length of every gap depends on the current frequency",
              "write performance to /sys/devices/system/cpu/cpuN/cpufreq/scaling_governor");
  }
}

void check_khugepaged(const Readiness& on) {
  constexpr const char *kId = "khugepaged", *kSubject = "Transparent huge pages";
  const std::string enabled =
      chosen_value(text_of(on.files, "/sys/kernel/mm/transparent_hugepage/enabled"));
  if (enabled.empty()) {
    on.not_applicable(kId, kSubject, "this kernel has none");
  } else if (enabled == "never") {
    on.ok(kId, kSubject, "never: khugepaged does not run");
  } else {
    on.advise(kId, kSubject, fmt::format("{}: khugepaged scans and collapses", enabled),
              "each collapse sends an IPI to every CPU (tlb_remove_table_smp_sync)",
              "write never to /sys/kernel/mm/transparent_hugepage/enabled, unless you measure its "
              "effect");
  }
}

void check_ksm(const Readiness& on) {
  constexpr const char *kId = "ksm", *kSubject = "Same-page merging";
  const std::string run = text_of(on.files, "/sys/kernel/mm/ksm/run");
  if (run.empty()) {
    on.not_applicable(kId, kSubject, "this kernel has none");
  } else if (run != "1") {
    on.ok(kId, kSubject, "off");
  } else {
    on.advise(kId, kSubject, "on",
              "it write-protects pages of running programs and flushes TLBs by IPI",
              "write 0 to /sys/kernel/mm/ksm/run");
  }
}

void check_numa_balancing(const Readiness& on) {
  constexpr const char *kId = "numa_balancing", *kSubject = "NUMA balancing";
  const std::string value = text_of(on.files, "/proc/sys/kernel/numa_balancing");
  if (value.empty()) {
    on.not_applicable(kId, kSubject, "this kernel has none");
  } else if (value == "0") {
    on.ok(kId, kSubject, "off");
  } else {
    on.advise(kId, kSubject, "on",
              "it unmaps pages of running programs to detect accesses: faults and TLB flushes",
              "write 0 to /proc/sys/kernel/numa_balancing");
  }
}

void check_vmstat(const Readiness& on) {
  constexpr const char *kId = "vmstat", *kSubject = "Memory statistics";
  const auto interval = read_number(on.files, "/proc/sys/vm/stat_interval");
  if (!interval) {
    on.not_applicable(kId, kSubject, interval.error().what);
  } else if (*interval >= 60) {
    on.ok(kId, kSubject, fmt::format("collected every {} s", *interval));
  } else {
    on.advise(kId, kSubject, fmt::format("collected every {} s", *interval),
              "a kernel worker runs on each CPU that has pages to count; newer kernels exclude "
              "isolated CPUs",
              "write 120 to /proc/sys/vm/stat_interval");
  }
}

void check_debug_options(const Readiness& on) {
  constexpr const char *kId = "debug_kernel", *kSubject = "Kernel debugging";
  if (on.facts.kernel_config.empty()) {
    on.not_applicable(kId, kSubject, "the kernel's configuration cannot be read");
    return;
  }
  std::string found;
  for (const char* option : {"CONFIG_PROVE_LOCKING", "CONFIG_DEBUG_LOCK_ALLOC", "CONFIG_KASAN",
                             "CONFIG_KCSAN", "CONFIG_KMSAN", "CONFIG_DEBUG_PREEMPT",
                             "CONFIG_DEBUG_OBJECTS", "CONFIG_DEBUG_PAGEALLOC_ENABLE_DEFAULT",
                             "CONFIG_SLUB_DEBUG_ON", "CONFIG_DEBUG_VM_PGTABLE", "CONFIG_UBSAN"})
    if (on.facts.config_on(option)) append_item(found, ", ", option);
  if (found.empty()) {
    on.ok(kId, kSubject, "no option that slows the whole kernel");
  } else {
    on.advise(kId, kSubject, found,
              "interrupts and system calls take longer than on a production kernel",
              "measure a kernel without these options");
  }
}

void check_mitigations(const Readiness& on) {
  constexpr const char *kId = "mitigations", *kSubject = "Mitigations";
  const std::string directory = "/sys/devices/system/cpu/vulnerabilities";
  const auto names = on.files.list(directory);
  if (!names) {
    on.not_applicable(kId, kSubject, names.error().what);
    return;
  }
  int mitigated = 0, vulnerable = 0;
  for (const std::string& name : *names) {
    const std::string state = text_of(on.files, directory + "/" + name);
    if (state.starts_with("Mitigation")) ++mitigated;
    if (state.starts_with("Vulnerable")) ++vulnerable;
  }
  const std::string options = command_line_value(text_of(on.files, "/proc/cmdline"), "mitigations");
  on.ok(kId, kSubject,
        fmt::format("{} mitigated, {} vulnerable{}: part of what an interrupt costs here, recorded "
                    "with the run",
                    mitigated, vulnerable, options.empty() ? "" : ", mitigations=" + options));
}

}  // namespace

void check_time_and_power(const Readiness& on) {
  check_clocksource(on);
  check_governor(on);
}

void check_memory(const Readiness& on) {
  check_khugepaged(on);
  check_ksm(on);
  check_numa_balancing(on);
  check_vmstat(on);
}

void check_kernel_build(const Readiness& on) {
  check_debug_options(on);
  check_mitigations(on);
}

}  // namespace isolab
