// SPDX-License-Identifier: Apache-2.0
// A tracefs instance of a workload. The runner's guard makes the directory (a claim) and
// removes it; its settings end with it, so a killed workload leaves no event enabled. Nothing
// outside the instance is ever written: the top-level buffer belongs to other users.
#pragma once

#include <cstdint>
#include <string>

#include "host/files.h"
#include "host/guard.h"

namespace isolab {

class WorkloadTraceInstance {
 public:
  /// A claim for an instance that does not exist yet: "isolab_PURPOSE_PID", with a number behind it
  /// where another workload of this run has that one.
  static Claim claim(const Files& files, const std::string& purpose);
  /// "system:name" is an event of this kernel; unsupported with the reason if not.
  static Result<void> check_event(const Files& files, const std::string& event);

  WorkloadTraceInstance(Files& files, std::string path) : files_(&files), path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  /// Switches an event, "system:name". Each switch patches code on every CPU.
  Result<void> set_event(const std::string& event, bool on) const;
  /// One write to a file of the instance ("current_tracer"); of "" it empties a filter file.
  Result<void> write(const std::string& file, const std::string& text) const;
  /// Buffers of 64 KiB a CPU: these instances count or toggle, and their events are not read. A
  /// resize runs a kernel worker on every CPU, so never in a window.
  Result<void> shrink_buffers() const { return write("buffer_size_kb", "64"); }
  /// Events written since the instance was made, overwritten and dropped ones included.
  Result<std::uint64_t> events_written() const;

 private:
  Files* files_;
  std::string path_;
};

/// The number of events in the text of a per_cpu/cpuN/stats file: entries + overrun + commit
/// overrun
/// + dropped events + read events (kernel/trace/trace.c tracing_stats_read).
std::uint64_t events_in_stats(std::string_view text);

}  // namespace isolab
