// SPDX-License-Identifier: Apache-2.0
#include "runner/window_edges.h"

#include "host/os.h"

namespace isolab {

Result<void> measure_between_edges(const WindowSteps& steps, WindowRecord& record) {
  steps.hold("start");
  TRY(steps.open());
  record.begin_ns = mono_raw_ns();
  TRY(steps.begin());
  steps.release();
  const auto waited = steps.wait();
  steps.hold("end");
  const auto ended = steps.end();
  record.end_ns = mono_raw_ns();
  steps.release();
  const auto closed = steps.close();
  if (!waited) return waited;
  return closed ? ended : closed;
}

}  // namespace isolab
