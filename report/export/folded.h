// SPDX-License-Identifier: Apache-2.0
// The lost time of a recording as folded stacks, the input of flamegraph.pl, speedscope and
// inferno: a line for each arm, CPU, class, cause, sending task and stack, outermost frame first,
// frames separated by ';', then a space and the time in nanoseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/attribution/stolen_time.h"
#include "base/output_file.h"
#include "results/recording.h"

namespace isolab {

struct FoldedSummary {
  std::uint64_t stacks = 0;
  std::uint64_t ns = 0;              // the sum of all lines
  std::vector<std::string> remarks;  // whole sentences: what the file does not hold, and why
};

/// The frames of one line, outermost first: arm, "CPU 1", class, cause, "sent by TASK" (of a timer:
/// "armed by TASK"), its stack. The flame graph of the HTML page has the same.
std::vector<std::string> flame_frames(const StolenStack& stack);

/// One frame of a line: whatever characters `name` has, it is neither two frames nor two lines.
std::string folded_frame(const std::string& name);

/// `window`: one by its number; none: all that count. usage: there is no such window; unsupported:
/// no window has both a trace and a gap log, or the CPU was emulated and its times are withheld.
Result<FoldedSummary> export_folded(const Recording& recording, std::optional<int> window,
                                    OutputFile& out);

/// stolen_time(), refused where times are withheld.
Result<StolenTime> known_stolen_time(const Recording& recording,
                                     const std::vector<ClassRule>& own_rules,
                                     std::optional<int> window);

}  // namespace isolab
