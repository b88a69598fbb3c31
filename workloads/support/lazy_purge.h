// SPDX-License-Identifier: Apache-2.0
// When the kernel flushes the TLBs for freed vmalloc areas (mm/vmalloc.c lazy_max_pages, 6.1
// to 6.18): not at each free, but when more than fls(online CPUs) x 32 MiB have gathered.
#pragma once

#include <bit>
#include <cstdint>

namespace isolab {

/// Freed address space, in bytes, above which one purge flushes all of it: 64 MiB on 2 CPUs, 224
/// on 96.
constexpr std::uint64_t purge_threshold(int online_cpus) {
  return static_cast<std::uint64_t>(std::bit_width(static_cast<unsigned>(online_cpus))) << 25;
}

/// Purges per area of `bytes` that is made and freed; an area takes one page more for its header (a
/// BPF array's) and one for its guard. Agrees with measured 1/64 (1 MiB, 2 CPUs), 1/4 (16 MiB, 2
/// CPUs), 1/2 (64 MiB, 4 CPUs).
constexpr double purges_per_area(std::uint64_t bytes, int online_cpus, std::uint64_t page_size) {
  const std::uint64_t area = bytes + 2 * page_size;
  return 1.0 / static_cast<double>(purge_threshold(online_cpus) / area + 1);
}

}  // namespace isolab
