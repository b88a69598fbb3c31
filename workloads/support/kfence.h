// SPDX-License-Identifier: Apache-2.0
// The KFENCE of this kernel: reads its files, parses its statistics, and determines what its
// sampling can disturb. Pure except for reading through Host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/arch/cycles.h"
#include "host/facts/facts.h"

namespace isolab {

inline constexpr const char* kKfenceInterval =
    "/sys/module/kfence/parameters/sample_interval";  // ms
inline constexpr const char* kKfenceStats = "/sys/kernel/debug/kfence/stats";

struct KfenceState {
  std::string static_keys;                   // CONFIG_KFENCE_STATIC_KEYS: "y", "n" or "unknown"
  std::uint64_t allocations_per_sample = 1;  // kfence.burst + 1 (6.8 and later)
};

/// Unsupported, with the precise reason, where this kernel has no KFENCE.
Result<KfenceState> read_kfence(const Host& host);

/// One sentence for the recording, said before anything is measured.
std::string kfence_disturbs(const KfenceState& state, Arch arch);

/// Function calls that one sample sends to each other CPU, nullopt where the configuration is not
/// readable. With static keys it is one key switched on and off: 6 on x86 (measured 5.4-6.0 on 6.12
/// at 1-500 ms), 2 on arm64. Without them 0 (measured on both).
std::optional<double> kfence_ipis_per_sample(const KfenceState& state, Arch arch);

/// Samples taken since boot, from the text of kfence/stats: every allocation that closed the gate,
/// whether it got an object or was skipped because the pool was full or because it is covered
/// already (mm/kfence/core.c __kfence_alloc, 6.12). A parse error if the text has no such counter.
Result<std::uint64_t> kfence_samples(std::string_view stats, std::uint64_t allocations_per_sample);

/// The text for sample_interval: whole milliseconds, 0 switches KFENCE off; usage error otherwise.
Result<std::string> kfence_interval_text(Nanos interval);

}  // namespace isolab
