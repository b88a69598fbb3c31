// SPDX-License-Identifier: Apache-2.0
// One traced window of a recording as a trace.dat file, which trace-cmd and KernelShark read.
#pragma once

#include <optional>

#include "base/output_file.h"
#include "results/recording.h"
#include "trace/read/dat_file.h"

namespace isolab {

struct TraceCmdSummary {
  DatSummary file;
  int window = 0;     // the one that was written
  int traced = 0;     // how many there are to choose from
  std::string clock;  // of the trace
};

/// The place in recording.windows of the window with this number. usage: there is none.
Result<std::size_t> window_numbered(const Recording& recording, int number);

/// `window`: its number; none: the first traced one. usage: there is no such window; unsupported:
/// it was not traced, the message says why where the recording does.
Result<TraceCmdSummary> export_trace_cmd(const Recording& recording, std::optional<int> window,
                                         OutputFile& out);

}  // namespace isolab
