// SPDX-License-Identifier: Apache-2.0
// One word per kind of interrupt, whatever the architecture calls its row in /proc/interrupts.
// x86: arch/x86/kernel/irq.c arch_show_interrupts(); arm64: arch/arm64/kernel/smp.c ipi_types[].
// arm64 numbers its IPI rows differently between versions, so rows match by text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/cpu_set.h"
#include "base/records.h"

namespace isolab {

/// function_call, tlb, reschedule, timer, irq_work, nmi, cpu_stop, thermal, machine_check,
/// hypervisor, timer_broadcast, error, other; "device" for numbered rows that are not IPIs.
/// x86 TLB is a subset of function_call (CAL includes it: 6.1, 6.12, 6.18).
std::string interrupt_kind(std::string_view id, std::string_view label);

/// ERR, MIS and Err are one count for the whole machine: they are stored under this CPU number.
inline constexpr int kWholeMachine = -1;

/// Reads the text of /proc/interrupts; `before` is filled, `after` left empty. Columns are the CPUs
/// that were online, in the header's words; any row may be missing. parse: it is no such table, or
/// a row has not one count for each column.
Result<std::vector<CounterRow>> parse_interrupts(std::string_view text);
/// Reads /proc/softirqs the same way; kind is "softirq".
Result<std::vector<CounterRow>> parse_softirqs(std::string_view text);
/// CPUs that have a column in one of two readings only: they were offline for the other.
CpuSet cpus_of_one_reading(const std::vector<CounterRow>& before,
                           const std::vector<CounterRow>& after);
/// Joins two readings row by row (by id and label); rows that came or went keep zeroes, and CPUs of
/// one reading only are left out of rows that both have.
/// So subtract with CounterRow::gained(), never directly.
std::vector<CounterRow> join_counters(std::vector<CounterRow> before,
                                      const std::vector<CounterRow>& after);

}  // namespace isolab
