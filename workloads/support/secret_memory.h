// SPDX-License-Identifier: Apache-2.0
// Memory files whose pages leave the kernel's direct map (memfd_secret) and their control
// (memfd_create).
#pragma once

#include "base/result.h"
#include "host/os.h"
#include "workloads/contract/workload.h"

namespace isolab {

/// An empty memory file of one of the two kinds. unsupported where the kernel has no secret memory:
/// CONFIG_SECRETMEM=n, or secretmem.enable=0 (the default before Linux 6.5).
Result<Fd> open_memory_file(bool secret);

/// As much locked memory as the rights allow, for this process and what it starts; secret memory
/// counts as locked (man 2 memfd_secret).
void allow_locked_memory();

/// Whether one process may have `bytes` of secret memory; touches one page of it. denied where
/// RLIMIT_MEMLOCK forbids and CAP_IPC_LOCK is missing.
Result<void> try_secret_memory(std::size_t bytes);

/// Notes how many large pages of the direct map were ever split
/// ("direct_map_level2_splits.before"): they stay split until the next boot. Nothing where the
/// kernel does not count it.
void note_direct_map_splits(const WorkloadContext& context, const std::string& when);

}  // namespace isolab
