// SPDX-License-Identifier: Apache-2.0
// What happened in stolen slices, in order: each stretch with its cause and who sent it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "analysis/model/cause_name.h"
#include "base/gap_list.h"
#include "base/records.h"
#include "base/result.h"

namespace isolab {

struct StoryLine {
  CauseName name;
  double at_us = 0;  // since `from`; negative before it
  double us = 0;
  std::int32_t pid = -1;  // of a task
  std::string sender;     // "COMM/PID on CPU 0, 3.2 us before"; empty: none is known
  std::string callsite;
};

/// A trace directory without record: the unit of its times, and the span to look at.
struct StoryTrace {
  std::filesystem::path directory;
  std::string clock;
  TickLine line;
  std::uint64_t begin = 0, end = 0;
};

/// `slices` are of one CPU, in time order, in the trace clock.
Result<std::vector<StoryLine>> watch_story(const StoryTrace& trace, const Facts& facts, int cpu,
                                           std::span<const Gap> slices, std::uint64_t from);

/// Which tasks had the CPU while another one waited for it, each with the interrupts in its time.
Result<std::vector<StoryLine>> wait_story(const StoryTrace& trace, int cpu, const Gap& wait);

}  // namespace isolab
