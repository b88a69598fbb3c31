// SPDX-License-Identifier: Apache-2.0
// A separate tracefs instance: buffers, clock, filters and events are independent of other users.
// Needs root and tracefs. The instance is made through the state guard, which removes it, and with
// it everything set here; other instances and the top-level buffer are never touched.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/units.h"
#include "host/guard.h"
#include "host/tracefs.h"
#include "trace/live/capability.h"
#include "trace/read/meta.h"

namespace isolab {

struct TraceSetup {
  CpuSet measured;
  Bytes measured_buffer{16 << 20};  // of each measured CPU: holds the whole window
  Bytes other_buffer{4 << 20};      // of each other CPU, which is drained all the time
  bool stacks = true;               // of the sender, at csd:csd_queue_cpu
  bool deferrals = true;            // who queues work and arms timers, on all CPUs
  bool exits = true;                // also the receiver's *_exit events: durations, 0.1 us each
};

/// Where the trace of this process is, below `tracefs`.
std::string own_instance(const std::string& tracefs);

class TraceInstance {
 public:
  /// Everything that disturbs: each event switched on sends 6-60 IPIs to every CPU
  /// (measured, 6.18). Recording stays off. usage: the buffers need more than half of the available
  /// memory.
  static Result<TraceInstance> create(Files& files, const HostFacts& facts, StateGuard& guard,
                                      const TraceCapability& capability, const TraceSetup& setup);

  /// Recording on and off: a flag of the ring, no IPI to any other CPU.
  Result<void> start() const { return directory_.write("tracing_on", "1"); }
  Result<void> stop() const { return directory_.write("tracing_on", "0"); }
  /// A text in the buffer of the calling CPU (event ftrace:print).
  Result<void> mark(const std::string& text) const {
    return directory_.write("trace_marker", text);
  }
  /// The least that an event costs the CPU it happens on, in ns: the median of a write to
  /// trace_marker while recording against one while not, on the calling CPU. Empties the buffers.
  Result<double> event_cost_ns() const;
  /// Every event and trigger off again; disturbs as switching on does.
  Result<void> switch_off() const;

  /// Exact totals of the ring, per CPU.
  Result<std::map<int, TraceLoss>> loss() const;
  /// header_page, header_event and the formats of all events that can be in the buffers.
  Result<void> save_formats(const std::filesystem::path& directory) const;

  const std::string& path() const { return directory_.path(); }
  const std::string& clock() const { return clock_; }
  /// CPUs whose buffers may contain events: those that are present. One that was offline when the
  /// instance was made has no buffer until it comes online (trace_rb_cpu_prepare(),
  /// kernel/trace/ring_buffer.c).
  const CpuSet& cpus() const { return cpus_; }
  const CpuSet& online() const { return online_; }  // when the instance was made
  const std::vector<TracedEvent>& events() const { return events_; }
  /// What the kernel refused and the replacement, as text.
  const std::vector<std::string>& remarks() const { return remarks_; }

 private:
  TraceInstance(Files& files, const std::string& path) : files_(&files), directory_(files, path) {}
  Result<void> size_buffers(const TraceSetup& setup);
  void filter(const TracedEvent& event, const TraceSetup& setup);
  void filter_by_condition(const TracedEvent& event);
  void stack_trigger(const TracedEvent& event, const TraceSetup& setup);
  Result<void> switch_on(const TracedEvent& event, const TraceSetup& setup);

  Files* files_;
  TracefsDirectory directory_;
  std::string clock_;
  CpuSet cpus_, online_;
  std::vector<TracedEvent> events_;
  std::vector<std::string> remarks_;
};

enum class CpuFieldKind {
  number,  // of one CPU
  mask,    // a cpumask
};
/// Filter expressions for "`field` is one of `cpus`", the best first: CPUS{} (6.6 and
/// later), then comparisons, which masks do not have. Empty if there is none.
std::vector<std::string> cpu_filters(const std::string& field, const CpuSet& cpus,
                                     CpuFieldKind kind);
/// The same for a mask in `words` numbers of 64 bits, m0, m1, ...: one condition over those that
/// hold a CPU of `cpus`. Empty if none of them does.
std::vector<std::string> mask_word_filters(const CpuSet& cpus, int words);

}  // namespace isolab
