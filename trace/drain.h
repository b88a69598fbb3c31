// SPDX-License-Identifier: Apache-2.0
// Empties the buffers of a trace instance into files, one a CPU, appending.
//   during the window: a forked child polls the buffers of CPUs that are not measured. It never
//     blocks: a blocked reader makes the traced CPU raise an irq_work IPI on itself for each
//     wake-up (seen on 6.18), and it never touches a measured CPU's buffer unless asked to.
//   after the window: drain_rest() takes what is left, the last and partly filled page included.
#pragma once

#include <filesystem>
#include <string>

#include "base/cpu_set.h"
#include "base/result.h"
#include "base/units.h"
#include "host/os.h"
#include "host/process.h"
#include "trace/event.h"

namespace isolab {

struct DrainPlan {
  std::string instance;             // path of the tracefs instance
  std::filesystem::path directory;  // cpuN.raw goes here; must exist
  CpuSet cpus;                      // whose buffers are emptied
  CpuSet runs_on;                   // housekeeping CPUs
  Nanos interval = std::chrono::milliseconds{20};
  PageLayout layout;
};

class TraceDrain {
 public:
  /// Forks; the caller must be single-threaded. An empty set of CPUs makes no child.
  static Result<TraceDrain> start(const DrainPlan& plan);
  /// Ends the child; its error if it met one (disk full).
  Result<void> stop();
  pid_t pid() const { return child_.pid(); }

 private:
  struct Shared;
  Shared& shared() const;

  SharedMemory memory_;
  Child child_;
};

/// Takes everything left in the buffers of `plan.cpus`, for when recording is off.
Result<void> drain_rest(const DrainPlan& plan);

std::filesystem::path pages_file(const std::filesystem::path& directory, int cpu);

}  // namespace isolab
