// SPDX-License-Identifier: Apache-2.0
// See expectations.h. Changes nothing.
#include "workloads/support/expectations.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace isolab {
namespace {

constexpr int kGlobalAsidCpus = 4;  // mm_active_cpus_exceeds(mm, 3), arch/x86/mm/tlb.c (6.15)

}  // namespace

double function_calls_per_key_flip(Arch arch) { return arch == Arch::x86_64 ? 3 : 1; }

ExpectedIpis expected_of_kernel_flushes(const Host& host, Arch arch, double flushes) {
  const KernelFlush flush = arch == Arch::arm64 ? arm64_kernel_flush() : host.facts.kernel_flush;
  switch (flush.by) {
    case KernelFlush::By::interrupt:
      return {.per_op = flushes,
              .row = "function_call",
              .source = "one IPI per kernel flush: " + flush.source};
    case KernelFlush::By::broadcast:
      return {.per_op = 0,
              .row = "function_call",
              .source = "kernel flushes are broadcast by hardware, 0 IPIs: " + flush.source};
    case KernelFlush::By::unknown: break;
  }
  return unknown_expectation("function_call",
                             "it is unknown how this kernel flushes its mappings: " + flush.source);
}

ExpectedIpis expected_of_user_flushes(const Host& host, Arch arch, double flushes) {
  const auto& facts = host.facts;
  if (arch == Arch::arm64)
    return {
        .per_op = 0,
        .row = "tlb",
        .source = "user flushes are broadcast by hardware, 0 IPIs: " + arm64_kernel_flush().source};
  // Hyper-V and Xen flush by hypercall. A KVM guest sends no IPI to a CPU that is not running
  // (KVM_FEATURE_PV_TLB_FLUSH, 4.16), and hypervisors that pose as KVM flush all by themselves:
  // seen on 6.18, where an mprotect of a busy CPU's memory cost it gaps without any kernel event.
  if (facts.hypervisor == "Hyper-V" || facts.hypervisor == "Xen" || facts.hypervisor == "KVM")
    return unknown_expectation(
        "tlb", "a guest of " + facts.hypervisor + " may delegate the flush to the hypervisor");
  const bool few_cpus = !facts.online.empty() && facts.online.count() < kGlobalAsidCpus;
  if (facts.kernel_flush.by == KernelFlush::By::interrupt)
    return {.per_op = flushes,
            .row = "tlb",
            .source = "one IPI per user flush: " + facts.kernel_flush.source};
  if (few_cpus)
    return {.per_op = flushes,
            .row = "tlb",
            .source = fmt::format("one IPI per user flush: only processes on {} CPUs or more are "
                                  "flushed by broadcast, {} are online",
                                  kGlobalAsidCpus, facts.online.count())};
  const std::string broadcast =
      facts.kernel_flush.by == KernelFlush::By::broadcast
          ? facts.kernel_flush.source
          : "it is unknown whether the flush is a broadcast: " + facts.kernel_flush.source;
  return unknown_expectation(
      "tlb", fmt::format("a process that runs on {} CPUs or more is flushed by IPI first and later "
                         "by broadcast, at a time that the kernel chooses ({})",
                         kGlobalAsidCpus, broadcast));
}

ExpectedIpis unknown_expectation(std::string row, std::string why) {
  return {.per_op = std::nullopt, .row = std::move(row), .source = std::move(why)};
}

bool kernel_before(const Host& host, int major, int minor) {
  int has_major = 0, has_minor = 0;
  if (std::sscanf(host.facts.kernel_release.c_str(), "%d.%d", &has_major, &has_minor) != 2)
    return false;
  return has_major != major ? has_major < major : has_minor < minor;
}

}  // namespace isolab
