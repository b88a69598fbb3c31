// SPDX-License-Identifier: Apache-2.0
#pragma once

/// arch/arm64/kernel/smp.c, enum ipi_msg_type: these three are the same from 5.14 to 6.18.
namespace isolab::arm64_ipi {

inline constexpr int kReschedule = 0, kCall = 1, kIrqWork = 5;

}  // namespace isolab::arm64_ipi
