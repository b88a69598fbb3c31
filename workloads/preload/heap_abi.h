// SPDX-License-Identifier: Apache-2.0
// What the preloaded heap of compiler processes and the workload that counts them agree on: two
// environment variables and a block of counters that all those processes share.
#pragma once

#include <atomic>
#include <cstdint>

namespace isolab::heap {

/// What memory the heap is made of: plain, memfd or secret.
inline constexpr const char* kKindVariable = "ISOLAB_HEAP";
/// A file with `Counters` that the workload made (a memfd, as /proc/PID/fd/N: it dies with it).
inline constexpr const char* kCountersVariable = "ISOLAB_HEAP_COUNTERS";

/// Monotone; each process adds what it has when it unmaps memory and when it ends.
struct Counters {
  std::atomic<std::uint64_t> pages;      // of the heap that were touched: one page fault each
  std::atomic<std::uint64_t> fallbacks;  // mappings that had to be plain memory although not asked
  std::atomic<std::uint64_t> processes;  // that used the heap
  std::atomic<std::uint64_t> forks;      // without exec: shared memory makes their results invalid
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

}  // namespace isolab::heap
