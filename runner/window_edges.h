// SPDX-License-Identifier: Apache-2.0
// The two edges of a measured window: in which order workloads pause, the probe measures and the
// counters are read, and which span the record calls the window.
#pragma once

#include <functional>

#include "base/records.h"
#include "base/result.h"

namespace isolab {

/// What is done at the edges, in the order of the first calls. None may be empty.
struct WindowSteps {
  std::function<void(const char* edge)>
      hold;                             // returns when no operation is in progress, or gives up
  std::function<Result<void>()> open;   // returns when the probe measures
  std::function<Result<void>()> begin;  // reads every counter
  std::function<void()> release;        // operations begin again
  std::function<Result<void>()> wait;   // the planned length
  std::function<Result<void>()> end;    // reads every counter again
  std::function<Result<void>()> close;  // returns when the probe has stopped measuring
};

/// Runs the steps: hold, open, begin, release, wait, hold, end, release, close. record.begin_ns and
/// end_ns enclose the readings of the counters and nothing else: time spent waiting for an
/// operation to end before the first reading belongs neither to the counters nor to the probe.
/// After an error of wait() or end() the remaining steps still run; the first error is returned.
Result<void> measure_between_edges(const WindowSteps& steps, WindowRecord& record);

}  // namespace isolab
