// SPDX-License-Identifier: Apache-2.0
// tracefs: where it is mounted, and one directory of it with events and ring buffers. It is our own
// instance, which a guard makes (a claim) and removes: whatever is set inside goes with it. The
// top-level buffer belongs to other people and is never written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "host/files.h"
#include "host/guard.h"

namespace isolab {

/// "/sys/kernel/tracing", or the older place below debugfs; empty if neither has events.
std::string find_tracefs(const Files& files);
/// "system:name" is an event of this kernel; unsupported with the reason if not.
Result<void> check_trace_event(const Files& files, const std::string& event);

/// The counters of one CPU's ring buffer, in events.
struct RingStats {
  std::uint64_t entries = 0;         // in the buffer now
  std::uint64_t overrun = 0;         // overwritten
  std::uint64_t commit_overrun = 0;  // lost because a commit was interrupted too often
  std::uint64_t dropped = 0;         // lost because the buffer was full
  std::uint64_t read = 0;            // taken out

  std::uint64_t written() const { return entries + overrun + commit_overrun + dropped + read; }
};
/// Reads per_cpu/cpuN/stats (tracing_stats_read(), kernel/trace/trace.c). What a kernel does not
/// print is 0.
RingStats parse_ring_stats(std::string_view text);

class TracefsDirectory {
 public:
  /// A claim for an instance that does not exist yet: "isolab_PURPOSE_PID", with a number behind it
  /// where another workload of this run has that one.
  static Claim claim(const Files& files, const std::string& purpose);

  TracefsDirectory(Files& files, std::string path) : files_(&files), path_(std::move(path)) {}

  const std::string& path() const { return path_; }
  /// One write to a file of the directory ("current_tracer"); of "" it empties a filter file.
  Result<void> write(const std::string& file, const std::string& text) const;
  /// The file "enable", "filter", "trigger" or "format" of an event, "system:name".
  std::string event_file(const std::string& event, const std::string& file) const;
  /// Switches an event. Each switch patches code on every CPU.
  Result<void> set_event(const std::string& event, bool on) const;
  /// Buffers of 64 KiB a CPU, for an instance that counts or toggles and whose events are not read.
  /// A resize runs a kernel worker on every CPU, so never in a window.
  Result<void> shrink_buffers() const { return write("buffer_size_kb", "64"); }
  Result<RingStats> ring_stats(int cpu) const;
  /// Events written on all CPUs since the instance was made, overwritten and dropped ones included.
  Result<std::uint64_t> events_written() const;

 private:
  Files* files_;
  std::string path_;
};

}  // namespace isolab
