// SPDX-License-Identifier: Apache-2.0
// Empties the buffers of a trace instance into files, one a CPU, appending.
//   during the window: a forked child polls the buffers of CPUs that are not measured. It never
//     blocks: a blocked reader makes the traced CPU raise an irq_work IPI on itself for each
//     wake-up (seen on 6.18), and it never touches a measured CPU's buffer unless asked to.
//   after the window: drain_rest() reads the rest, including the last, partly filled page.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "base/cpu_set.h"
#include "base/result.h"
#include "base/units.h"
#include "host/os.h"
#include "host/process.h"
#include "trace/read/event.h"

namespace isolab {

/// Takes pages instead of files, in the child that reads them.
class PageSink {
 public:
  virtual ~PageSink() = default;
  /// Before all buffers are read once more.
  virtual void poll_begins() = 0;
  virtual void page(int cpu, std::span<const std::byte> bytes) = 0;
  /// All that was written before poll_begins() is here. An error ends the child.
  virtual Result<void> polled() = 0;
  /// At the end: writes what is to be kept below `directory`, as pages_file().
  virtual Result<void> ended(const std::filesystem::path& directory) = 0;
};

struct DrainPlan {
  std::string instance;             // path of the tracefs instance
  std::filesystem::path directory;  // cpuN.raw goes here; must exist
  CpuSet cpus;                      // whose buffers are emptied
  CpuSet runs_on;                   // housekeeping CPUs
  Nanos interval = std::chrono::milliseconds{20};
  PageLayout layout;
  PageSink* sink = nullptr;  // of the polls; outlives the child
};

class TraceDrain {
 public:
  /// Forks; the caller must be single-threaded. An empty set of CPUs makes no child.
  static Result<TraceDrain> start(const DrainPlan& plan);
  /// Ends the child; its error if it met one (disk full, killed): pages it held are then lost. A
  /// buffer that it could not read is not an error, since drain_rest() reads it again.
  Result<void> stop();
  pid_t pid() const { return child_.pid(); }

 private:
  struct Shared;
  Shared& shared() const;

  SharedMemory memory_;
  Child child_;
};

/// A buffer whose last events could not be read: they are lost, those before are in the CPU's file.
struct LostBuffer {
  bool absent = false;  // no such device: the CPU was never online while the instance existed
  std::string what;     // "cannot read .../cpu2/trace_pipe_raw: No such device"
};

/// Takes everything left in the buffers of `plan.cpus`, for when recording is off. By CPU, those
/// that cannot be read; each is that CPU's loss alone. io: the files cannot be written.
Result<std::map<int, LostBuffer>> drain_rest(const DrainPlan& plan);

std::filesystem::path pages_file(const std::filesystem::path& directory, int cpu);

}  // namespace isolab
