// SPDX-License-Identifier: Apache-2.0
// Memory shared by the runner and one running workload: a stop request, a start signal, counts,
// notes and the error. It lives in memory shared across fork, so the runner still reads it after
// the workload was killed. Both ways of running a workload use it: WorkloadProcess (a separate
// child) and WorkloadThread (a thread of the probe's process); see process.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/records.h"
#include "host/os.h"
#include "workloads/contract/workload.h"

namespace isolab {

/// A WorkloadContext without the parts in the block. The knobs come from the runner's StateGuard,
/// which made the claims of info.claims() first.
struct WorkloadSetup {
  Host host;
  CpuSet cpus;                  // housekeeping CPUs the workload is pinned to
  CpuSet measured;              // the measured CPUs
  std::filesystem::path log;    // stdout and stderr of commands
  std::filesystem::path cache;  // survives runs
  std::map<std::string, Knob> knobs;
  std::vector<std::string> directories;  // claimed ones, made, in the order of claims()
  std::string cgroup = {};               // that a separate process enters; empty: none
};

enum class WorkloadState : std::uint32_t {
  starting,  // construct and prepare() are in progress
  ready,     // waits for go
  running,   // run() is in progress
  ended,     // run() and finish() returned without error
  failed,    // error() says why; finish() has been called
};

/// Called about 50 times a second while something is waited for, with the workload's latest
/// progress note ("" when there is none). Returning false gives up waiting (Ctrl-C).
using KeepWaiting = std::function<bool(const std::string& progress)>;

class WorkloadBlock {
 public:
  /// Create it before the fork that is to share it. `io` when there is no memory.
  static Result<WorkloadBlock> create();

  // For the runner.
  void let_go();        // run() may start
  void request_stop();  // run() shall return
  bool stop_requested() const;
  /// No operation begins until release(); returns when the one in progress has ended. False: it had
  /// not within `limit`. Workloads without single operations (kernel_build) just go on.
  bool hold(Nanos limit);
  void release();
  WorkloadState state() const;
  /// The error that construct, prepare() or run() returned, or that run() returned without a
  /// request to stop; nullopt in every state but `failed`.
  std::optional<Error> error() const;
  /// Why the workload is no longer at work, named: its error, or that it ended before it was told
  /// to.
  std::optional<Error> failure(const std::string& name) const;
  /// By CountSpec name; readable at any moment. Slots of other names do not appear.
  std::map<std::string, std::uint64_t> counts(const WorkloadInfo& info) const;
  /// Latest value of every note. Notes that did not fit (16 KiB) are counted in "notes_dropped".
  std::map<std::string, std::string> notes() const;
  /// Latest note("progress", ...); at most 255 bytes.
  std::string progress() const;
  /// Waits for `ready`. Errors: the workload's own, `interrupted` after `limit` ("hangs") or when
  /// keep_waiting said no.
  Result<void> wait_ready(const std::string& name, Nanos limit,
                          const KeepWaiting& keep_waiting) const;
  /// All of a WorkRecord except at_start and at_warmup, which the runner sets: at_end is
  /// the counts now (the runner overwrites it with its reading at the edge of the window),
  /// processor time is from report_cpu_time(), and the expectation comes from the
  /// descriptor.
  WorkRecord record(const WorkloadInfo& info, const ParamValues& values, const Host& host) const;

  // For the workload's side.
  /// The context to make the workload with; valid as long as the shared memory.
  WorkloadContext context(const WorkloadSetup& setup,
                          const std::atomic<std::uint32_t>* peer_listening = nullptr);
  /// The whole life of the workload: construct, prepare, ready, wait for go, run, finish, `last`.
  /// Errors end up in the block; true when there was none.
  bool run_workload(const WorkloadInfo& info, const ParamValues& values,
                    const WorkloadContext& context, const std::function<void()>& last = {});
  /// construct, dry_run; true when there was no error.
  bool dry_run_workload(const WorkloadInfo& info, const ParamValues& values,
                        const WorkloadContext& context);
  void report_cpu_time(double user_seconds, double system_seconds);
  void fail(const Error& error);

 private:
  struct Layout;
  explicit WorkloadBlock(SharedMemory memory) : memory_(std::move(memory)) {}
  Layout& layout() const { return *static_cast<Layout*>(memory_.data()); }
  void set_state(WorkloadState state);
  static void add_note(Layout& block, std::string_view key, std::string_view value);

  SharedMemory memory_;
};

}  // namespace isolab
