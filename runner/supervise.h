// SPDX-License-Identifier: Apache-2.0
// Carries out something that changes the machine so that the machine is put back whatever happens
// to it. Three processes (docs/decisions/supervisor.md):
//
//   front     what the user started; takes the lock, passes signals on, waits
//    '- keeper   kills and restores when the run or the front has ended in any way, or hangs
//        '- run     the body: its guard journals, then changes; in a cgroup of its own where there
//        is
//                   cgroup v2; everything it starts is its descendant
//
// All three are subreapers: whatever is orphaned below them comes to them and is killed.
// Any one or two of them may be killed with SIGKILL; who is left restores. When all three are, the
// kernel kills the children of the run (parent-death signals) and the next isolab finds the
// journal.
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

/// The run's promise of when it will be heard of again; past it the keeper kills it as hung.
class Lifeline {
 public:
  explicit Lifeline(std::atomic<std::uint64_t>& due_ns, std::vector<std::int32_t> supervisors = {})
      : due_ns_(&due_ns), supervisors_(std::move(supervisors)) {}
  void expect_within(Nanos span);
  /// Process ids of front and keeper.
  const std::vector<std::int32_t>& supervisors() const { return supervisors_; }

 private:
  std::atomic<std::uint64_t>* due_ns_;  // CLOCK_MONOTONIC_RAW, in shared memory
  std::vector<std::int32_t> supervisors_;
};

struct Supervision {
  std::string what;             // for the lock and messages: "profile quick"
  CpuSet cpus;                  // where front and keeper wait; empty: anywhere
  Nanos first_limit{0};         // until the body calls expect_within()
  std::filesystem::path state;  // journals
  std::filesystem::path lock;   // directory of the lock; empty: state
};

/// How the run ended. `code` is the body's, or not_restored when something could not be put back,
/// failed when the run was killed, disturbed when the user had it killed.
struct RunEnd {
  ExitCode code = ExitCode::done;
  bool whole = false;  // the body ended by itself
};

/// Refuses (busy) while another isolab holds the lock, or while a journal of a dead run is there.
/// What went wrong is told on stderr. SIGINT, SIGTERM and SIGHUP are passed on to the body; a
/// second one kills it. The caller is single-threaded. Needs no root; without it there is less to
/// restore.
Result<RunEnd> supervise(const Supervision& how, const std::function<ExitCode(Lifeline)>& body);

/// An earlier run was killed, or could not put everything back, and its journal is still there
/// (leftover() in host/restore.h).
Result<void> refuse_leftovers(const std::filesystem::path& state);

}  // namespace isolab
