// SPDX-License-Identifier: Apache-2.0
// Readers of the kernel's accounting files, as pure functions over their text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/records.h"
#include "base/result.h"

namespace isolab {

/// The cpuN lines of /proc/stat (proc(5)) in seconds since boot, `ticks_per_second` being USER_HZ.
/// user holds nice (and guest, which the kernel adds to both); idle holds iowait.
Result<std::vector<CpuTime>> parse_proc_stat(std::string_view text, long ticks_per_second);

/// after - before for CPUs present in both; a counter that went back (idle and iowait may, on CPUs
/// that stopped their tick) counts as 0.
std::vector<CpuTime> cpu_time_between(const std::vector<CpuTime>& before,
                                      const std::vector<CpuTime>& after);

/// "name number" lines (/proc/vmstat).
Result<std::map<std::string, std::uint64_t>> parse_counters(std::string_view text);

}  // namespace isolab
