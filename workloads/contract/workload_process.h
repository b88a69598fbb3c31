// SPDX-License-Identifier: Apache-2.0
// Runs one workload for the runner, so that nothing it does can hurt the runner: a crash, a hang or
// a deaf workload ends in bounded time with its name, its error and the counts it reached.
//
// A workload in a separate child process (almost all):
//   guard.claim(...) for every info.claims(values, host)         -> setup.knobs
//   dry_run_in_child(info, values, setup)                         preflight: applicable here?
//   auto work = TRY(WorkloadProcess::launch(info, values, setup)) fork; prepare() starts
//   TRY(work.wait_ready(limit, keep_waiting))
//   work.go(); ... work.counts() at the edges of the window, work.failure() while it lasts ...
//   WorkRecord record = work.stop(grace)
//   guard.restore_to(mark)
//
// A workload whose interrupts reach only threads of the same address space (shares_probe_memory):
//   auto block = shared_ptr<WorkloadBlock>(WorkloadBlock::create())         runner, before the fork
//   WorkloadThread::start(info, values, setup, block, signals.listening)    in the probe's process,
//                                                                           after the probe's
//                                                                           prepare()
//   block->wait_ready(...), let_go(), counts(), failure(), request_stop(), record()   in the runner
//   thread.join(grace) in the probe's process, then it may exit.
// Its prepare() runs before the probe measures; its operations wait until the probe does.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "host/process.h"
#include "workloads/contract/workload_block.h"

namespace isolab {

class WorkloadProcess {
 public:
  /// Forks (the caller is single-threaded) and returns at once; the child constructs and prepares.
  static Result<WorkloadProcess> launch(const WorkloadInfo& info, const ParamValues& values,
                                        const WorkloadSetup& setup);
  WorkloadProcess(WorkloadProcess&&) noexcept = default;
  WorkloadProcess& operator=(WorkloadProcess&&) noexcept = default;
  /// A workload still running is ended as by stop(1s).
  ~WorkloadProcess();

  /// Returns when prepare() is done. The error names the workload: its own, "killed by SIGSEGV",
  /// `interrupted` for a hang or when keep_waiting said no. After an error call stop().
  Result<void> wait_ready(Nanos limit, const KeepWaiting& keep_waiting = {});
  void go() { block_->let_go(); }
  bool hold(Nanos limit) { return block_->hold(limit); }
  void release() { block_->release(); }
  std::map<std::string, std::uint64_t> counts() const { return block_->counts(*info_); }
  std::string progress() const { return block_->progress(); }
  /// Why it ended without a request to stop; cheap enough to poll.
  std::optional<Error> failure();
  /// Asks it to stop, waits `grace`, then SIGTERM, one second, SIGKILL to it and to everything it
  /// started: returns within grace + 2 s. A second call returns the same record. See
  /// WorkloadBlock::record() for what is filled; processor time includes waited-for descendants.
  WorkRecord stop(Nanos grace);
  pid_t pid() const { return child_.pid(); }

 private:
  WorkloadProcess(const WorkloadInfo& info, ParamValues values, const Host& host,
                  WorkloadBlock block, Child child);

  const WorkloadInfo* info_;
  ParamValues values_;
  Files* files_;
  const HostFacts* facts_;
  std::unique_ptr<WorkloadBlock> block_;
  Child child_;
  std::optional<WorkRecord> record_;
};

/// The dry run in a separate child: `unsupported`, `denied` ... as the workload returns, io when it
/// dies ("killed by SIGSEGV"), interrupted ("hangs") after `limit`. Claims must have been made and
/// must be restored afterwards by the caller.
/// Its notes are stored in `notes`, if given.
Result<void> dry_run_in_child(const WorkloadInfo& info, const ParamValues& values,
                              const WorkloadSetup& setup, Nanos limit = std::chrono::seconds(5),
                              std::map<std::string, std::string>* notes = nullptr);

class WorkloadThread {
 public:
  /// Starts the whole life of the workload in a thread pinned to setup.cpus. `peer_listening` is
  /// non-zero while the probe's threads occupy the measured CPUs.
  static Result<WorkloadThread> start(const WorkloadInfo& info, const ParamValues& values,
                                      const WorkloadSetup& setup,
                                      std::shared_ptr<WorkloadBlock> block,
                                      const std::atomic<std::uint32_t>& peer_listening);
  WorkloadThread(WorkloadThread&&) noexcept = default;
  WorkloadThread& operator=(WorkloadThread&&) = delete;
  /// Requests the stop and joins for up to 2 s; a deaf thread is left to the end of the process.
  ~WorkloadThread();

  /// Requests the stop and waits up to `grace`; false when the thread is still there. The process
  /// must then exit without waiting for it (_exit); the block keeps counts and notes.
  bool join(Nanos grace);

 private:
  WorkloadThread(std::shared_ptr<WorkloadBlock> block, std::thread thread)
      : block_(std::move(block)), thread_(std::move(thread)) {}

  std::shared_ptr<WorkloadBlock> block_;
  std::thread thread_;
};

}  // namespace isolab
