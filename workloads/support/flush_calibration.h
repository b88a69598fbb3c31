// SPDX-License-Identifier: Apache-2.0
// A measurement of what no file of the kernel shows: whether a flush of kernel
// mappings reaches other CPUs by interrupt. Part of dry runs; changes nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "workloads/contract/workload.h"

namespace isolab {

/// The note in which a dry run leaves what it measured: KernelFlush::text().
inline constexpr const char* kKernelFlushNote = "kernel_flush";

/// Judges counts of IPIs on one other CPU, each taken around an operation that flushes kernel
/// mappings `flushes` times. The median decides, so that IPIs of others do not: none is a broadcast
/// as long as not more than one flush in ten shows as an IPI, half of `flushes` or more are
/// interrupts, anything between is unknown.
KernelFlush judge_flush_counts(std::vector<std::uint64_t> counts, double flushes);

/// Runs `operation` once, and where HostFacts::kernel_flush is unknown a few times more with the
/// function-call row of another CPU read around it; leaves the result in a note. The other CPU is
/// kept busy by a child: an idle one may be woken without an interrupt (kernel/smp.c
/// send_call_function_single_ipi()). `flushes` 0: `operation` flushes nothing; it is run once. The
/// error is that of `operation`; the reason why nothing was measured is in the note.
Result<void> run_and_calibrate(const WorkloadContext& context, double flushes,
                               const std::function<Result<void>()>& operation);

}  // namespace isolab
