// SPDX-License-Identifier: Apache-2.0
// Runs code that changes the machine such that the machine is restored however the run ends. Three
// processes (docs/decisions/supervisor.md):
//
//   parent (`front`)        started by the user; takes the lock, forwards signals, waits
//   supervisor (`Keeper`)   its child; kills and restores when the run or the parent has ended in
//                           any way, or hangs
//   run                     child of the supervisor: its guard journals, then changes; starts all
//                           other processes, in a separate cgroup where cgroup v2 is mounted
//
// All three are subreapers: orphans below them become their children and are killed.
// Any one or two of them may be killed with SIGKILL; the remaining one restores. When all three are
// killed, the kernel kills the children of the run (parent-death signals) and the next isolab finds
// the journal.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/cpu_set.h"
#include "base/exit_code.h"
#include "base/result.h"
#include "base/units.h"

namespace isolab {

/// The deadline of the run for its next sign of life; after it the supervisor kills it as hung.
class Lifeline {
 public:
  explicit Lifeline(std::atomic<std::uint64_t>& due_ns, std::vector<std::int32_t> supervisors = {})
      : due_ns_(&due_ns), supervisors_(std::move(supervisors)) {}
  void expect_within(Nanos span);
  /// Process ids of parent and supervisor.
  const std::vector<std::int32_t>& supervisors() const { return supervisors_; }

 private:
  std::atomic<std::uint64_t>* due_ns_;  // CLOCK_MONOTONIC_RAW, in shared memory
  std::vector<std::int32_t> supervisors_;
};

struct Supervision {
  std::string what;             // for the lock and messages: "profile quick"
  CpuSet cpus;                  // where parent and supervisor wait; empty: anywhere
  Nanos first_limit{0};         // until the body calls expect_within()
  std::filesystem::path state;  // journals
  std::filesystem::path lock;   // directory of the lock; empty: state
};

/// How the run ended. `code` is the body's, or not_restored when something could not be restored,
/// failed when the run was killed, disturbed when the user had it killed.
struct RunEnd {
  ExitCode code = ExitCode::done;
  bool whole = false;  // the body ended by itself
};

/// Refuses (busy) while another isolab holds the lock, or while a journal of a dead run is there.
/// Errors are printed on stderr. SIGINT, SIGTERM and SIGHUP are forwarded to the body; a
/// second one kills it. SIGUSR1 is forwarded and means nothing here. The caller is single-threaded.
/// Needs no root; without it there is less to restore.
Result<RunEnd> supervise(const Supervision& how, const std::function<ExitCode(Lifeline)>& body);

/// An earlier run was killed, or could not put everything back, and its journal is still there
/// (leftover() in host/restore.h).
Result<void> refuse_leftovers(const std::filesystem::path& state);

}  // namespace isolab
