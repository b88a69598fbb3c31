// SPDX-License-Identifier: Apache-2.0
// Features of newer kernels that decide what reaches an isolated CPU, or what it costs there.
#include <fmt/format.h>

#include <algorithm>

#include "host/readiness/checks.h"

namespace isolab {
namespace {

/// KVM splits huge pages that a guest may execute (a mitigation), and a thread of each guest merges
/// them again: that flushes the TLBs of all its CPUs at once (arch/x86/kvm/mmu/mmu.c).
void check_nx_huge_pages(const Readiness& on) {
  constexpr const char *kId = "nx_huge_pages", *kSubject = "Huge pages of guests";
  const std::string parameters = "/sys/module/kvm/parameters/nx_huge_pages";
  const std::string split = text_of(on.files, parameters);
  const auto ratio = read_number(on.files, parameters + "_recovery_ratio");
  if (split.empty() || !ratio) {
    on.not_applicable(kId, kSubject, "KVM is not loaded, or has no nx_huge_pages here");
    return;
  }
  if (split == "N" || split == "never" || *ratio == 0) {
    on.ok(kId, kSubject,
          split == "N" || split == "never" ? "they are not split"
                                           : "split ones are not merged again");
    return;
  }
  std::vector<Interrupter> guests;
  for (const Process& process : on.tasks.processes) {
    const bool guest =
        std::any_of(process.descriptors.begin(), process.descriptors.end(),
                    [](const auto& one) { return one.target == "anon_inode:kvm-vm"; });
    if (guest || process.name.starts_with("kvm-nx-lpage"))
      guests.push_back({process.name, process.id,
                        guest ? "runs a guest" : "merges huge pages of a guest",
                        "set the parameter before the guest starts"});
  }
  const std::string seen = fmt::format("nx_huge_pages is {}, recovery ratio {}", split, *ratio);
  if (guests.empty()) {
    on.ok(kId, kSubject, seen + "; no guest runs");
    return;
  }
  on.name(ReadinessLevel::advice, kId, kSubject, seen,
          "merging them again stops all virtual CPUs of a guest at once",
          "write 0 to " + parameters + "_recovery_ratio", std::move(guests));
}

void check_sched_ext(const Readiness& on) {
  constexpr const char *kId = "sched_ext", *kSubject = "BPF scheduler";
  const std::string state = text_of(on.files, "/sys/kernel/sched_ext/state");
  if (state.empty()) {
    on.not_applicable(kId, kSubject,
                      "this kernel has no sched_ext (Linux before 6.12, or "
                      "CONFIG_SCHED_CLASS_EXT is not set)");
  } else if (state == "disabled") {
    on.ok(kId, kSubject, "none is loaded");
  } else {
    const std::string ops = text_of(on.files, "/sys/kernel/sched_ext/root/ops");
    on.name(ReadinessLevel::advice, kId, kSubject, state,
            "a BPF program places ordinary tasks: the rules of the fair scheduler do not hold",
            "stop the scheduler's process, unless you measure its effect",
            {{ops.empty() ? "unnamed" : ops, 0, "schedules ordinary tasks",
              "stop its process: the fair scheduler takes over"}});
  }
}

bool has_flag(const std::string& cpuinfo, const std::string& flag) {
  const auto at = cpuinfo.find("\nflags");
  const std::string row = at == std::string::npos
                              ? ""
                              : cpuinfo.substr(at + 1, cpuinfo.find('\n', at + 1) - at - 1) + " ";
  return row.find(" " + flag + " ") != std::string::npos;
}

void check_page_tables(const Readiness& on) {
  constexpr const char *kId = "page_table_isolation", *kSubject = "Page table isolation";
  if (on.facts.arch != "x86_64") {
    on.not_applicable(kId, kSubject, "not x86-64");
    return;
  }
  const auto cpuinfo = on.files.read("/proc/cpuinfo");
  if (!cpuinfo) {
    on.not_applicable(kId, kSubject, cpuinfo.error().what);
  } else if (!has_flag("\n" + *cpuinfo, "pti")) {
    on.ok(kId, kSubject, "off");
  } else {
    on.advise(
        kId, kSubject, "on",
        "every interruption switches page tables twice, and kernel mappings are flushed by IPI "
        "on AMD processors with INVLPGB too",
        "compare only with machines where it is on; pti=off removes a protection");
  }
}

void check_tlb_flush(const Readiness& on) {
  constexpr const char *kId = "tlb_flush", *kSubject = "Flushes of kernel mappings";
  switch (on.facts.kernel_flush.by) {
    case KernelFlush::By::broadcast:
      on.ok(kId, kSubject, "broadcast without IPI: " + on.facts.kernel_flush.source);
      return;
    case KernelFlush::By::interrupt:
      on.ok(kId, kSubject, "an IPI to every CPU: " + on.facts.kernel_flush.source);
      return;
    case KernelFlush::By::unknown: break;
  }
  on.not_applicable(kId, kSubject, on.facts.kernel_flush.source);
}

void check_rseq_slice(const Readiness& on) {
  constexpr const char *kId = "rseq_slice", *kSubject = "Time slice extension";
  const auto limit = read_number(on.files, "/proc/sys/kernel/rseq_slice_extension_nsec");
  if (!limit) {
    on.not_applicable(kId, kSubject, "this kernel has none (Linux before 7.0)");
    return;
  }
  on.advise(
      kId, kSubject, fmt::format("tasks may ask for {} us", *limit / 1000),
      "a task with it delays the wake-up of another on its CPU by that time: cyclictest shows "
      "it where both share a CPU",
      "boot with rseq_slice_ext=off, or keep such tasks off the measured CPUs");
}

}  // namespace

void check_kernel_features(const Readiness& on) {
  check_nx_huge_pages(on);
  check_sched_ext(on);
  check_page_tables(on);
  check_tlb_flush(on);
  check_rseq_slice(on);
}

}  // namespace isolab
