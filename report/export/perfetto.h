// SPDX-License-Identifier: Apache-2.0
// A recording as Chrome trace-event JSON, which ui.perfetto.dev and chrome://tracing open: a
// process for each window, a thread for each CPU, a slice for each gap, an instant for each cause
// in it and for its sending, and an arrow from the sending to the cause. Memory does not grow with
// the trace. Texts are cut at 256 bytes and stacks at about 4 KiB, so the output grows with the
// number of events, whatever their names are.
//
// Format: "Trace Event Format" of the Chromium project; ts and dur in microseconds (here with three
// decimals: nanoseconds), counted from the moment the window's probe began to measure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/output_file.h"
#include "results/recording.h"

namespace isolab {

struct PerfettoSummary {
  std::uint64_t windows = 0, gaps = 0, causes = 0, arrows = 0;
  std::vector<std::string> remarks;  // whole sentences: what the file does not show, and why
};

/// `window`: one by its number (the first digits of its directory's name); none: all. usage: there
/// is no such window. The file is not finished: the caller does that.
Result<PerfettoSummary> export_perfetto(const Recording& recording, std::optional<int> window,
                                        OutputFile& out);

}  // namespace isolab
