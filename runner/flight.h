// SPDX-License-Identifier: Apache-2.0
// The flight recorder of `isolab watch`: the child that reads the trace keeps its last moments in
// memory, looks for what is longer than a limit, and writes them to a directory then. Its memory is
// bounded however long it runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/gap_list.h"
#include "base/result.h"
#include "base/units.h"
#include "host/os.h"
#include "probes/contract/observer.h"

namespace isolab {

struct FlightTriggers {
  Nanos stop_over{0};                          // a stolen slice, a wait after a wake-up; 0: neither
  std::map<std::string, Nanos> mark_over;      // between the marks "begin NAME" and "end NAME"
  Nanos keep = std::chrono::milliseconds{50};  // of the trace, before what is found
  bool any() const { return stop_over > Nanos{0} || !mark_over.empty(); }
};

/// What was found, and what of the trace was kept for it. Times are those of the trace clock.
struct FlightStop {
  std::string clock;     // "x86-tsc"
  std::string what;      // "stolen", "wait", "mark NAME", "request"
  std::int32_t tid = 0;  // of a wait or mark; else 0
  int cpu = -1;
  Gap found;
  std::uint64_t begin = 0, end = 0;  // of what was kept
  std::vector<Gap> slices;           // the last stolen ones of that CPU, in time order
  std::filesystem::path directory;   // with cpuN.raw files
};

class FlightRecorder {
 public:
  /// `directory` is the trace's; it may not exist yet. Memory is shared with the child.
  static Result<FlightRecorder> create(const FlightTriggers& triggers, const CpuSet& cpus,
                                       const std::filesystem::path& directory);
  /// For WindowSetup::trace_sink; called before the child is forked.
  TraceSinkMaker sink_maker() const;
  /// Whom to watch, once that is known; 0: the application that has a CPU for most of the time.
  void watch(std::int32_t pid) const;
  /// Freezes soon, as if something had been found.
  void request() const;
  /// The next stop, once. The child looks for another one after that.
  std::optional<FlightStop> take();

  struct Shared;

 private:
  FlightTriggers triggers_;
  CpuSet cpus_;
  std::filesystem::path directory_;
  SharedMemory memory_;
  std::uint32_t taken_ = 0;
};

}  // namespace isolab
