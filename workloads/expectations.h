// SPDX-License-Identifier: Apache-2.0
// Interrupts per elementary act of the kernel, for the expected() of generators. Measured on x86-64
// 6.12 and 6.18 and on arm64 6.12 with a busy CPU as target; sources named at each.
#pragma once

#include <optional>

#include "workloads/workload.h"

namespace isolab {

/// One flip of a static key, as function calls to each other CPU. x86: three rounds of do_sync_core
/// (breakpoint, tail bytes, first byte; arch/x86/kernel/alternative.c, text_poke_bp_batch). arm64:
/// one do_nothing (kick_all_cpus_sync in arch/arm64/kernel/jump_label.c).
double function_calls_per_key_flip(Arch arch);

/// One flush of kernel mappings, as function calls to each other CPU. x86: one do_flush_tlb_all or
/// do_kernel_range_flush. arm64: none, the TLBI instruction broadcasts. nullopt on an AMD CPU with
/// a kernel that may flush by INVLPGB (6.15 and later, CONFIG_BROADCAST_TLB_FLUSH): it sends none
/// where the instruction exists.
std::optional<double> function_calls_per_kernel_flush(const Host& host, Arch arch);

/// Whether the running kernel's release begins with a smaller version; false when it has none.
bool kernel_before(const Host& host, int major, int minor);

}  // namespace isolab
