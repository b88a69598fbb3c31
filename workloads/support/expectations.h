// SPDX-License-Identifier: Apache-2.0
// Interrupts per elementary act of the kernel, for the expected() of generators. Measured on x86-64
// 6.12 and 6.18 and on arm64 6.12 with a busy CPU as target; sources named at each.
#pragma once

#include <optional>

#include "workloads/contract/workload.h"

namespace isolab {

/// One flip of a static key, as function calls to each other CPU. x86: three rounds of do_sync_core
/// (breakpoint, tail bytes, first byte; arch/x86/kernel/alternative.c, text_poke_bp_batch). arm64:
/// one do_nothing (kick_all_cpus_sync in arch/arm64/kernel/jump_label.c).
double function_calls_per_key_flip(Arch arch);

/// The expectation of an operation that flushes kernel mappings `flushes` times: one function call
/// each to every other CPU (do_flush_tlb_all or do_kernel_range_flush, arch/x86/mm/tlb.c) where the
/// kernel flushes by interrupt, none where the hardware broadcasts, unknown where
/// HostFacts::kernel_flush is. arm64: none, regardless of the facts.
ExpectedIpis expected_of_kernel_flushes(const Host& host, Arch arch, double flushes);

/// The expectation of an operation that flushes user mappings `flushes` times while threads of the
/// process run on every measured CPU. x86 sends an IPI to each, with two exceptions. Where the
/// kernel broadcasts (6.15), it moves a process that runs on 4 or more CPUs at once to a global
/// address-space number, at a time that the kernel chooses, and sends none from then on
/// (consider_global_asid(), arch/x86/mm/tlb.c). A guest of Hyper-V or Xen may ask the hypervisor
/// instead (pv_ops.mmu.flush_tlb_multi). arm64: none.
ExpectedIpis expected_of_user_flushes(const Host& host, Arch arch, double flushes);

/// An expectation that cannot be given here.
ExpectedIpis unknown_expectation(std::string row, std::string why);

/// Whether the running kernel's release begins with a smaller version; false when it has none.
bool kernel_before(const Host& host, int major, int minor);

}  // namespace isolab
