// SPDX-License-Identifier: Apache-2.0
// Carries out one window of a plan: settings, workloads, observers, probe; warm-up; the measured
// window; and everything down again in reverse. The only room that touches the machine on purpose.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "base/plan.h"
#include "base/records.h"
#include "host/facts/facts.h"
#include "host/guard.h"
#include "probes/contract/observer.h"
#include "runner/progress.h"

namespace isolab {

struct WindowSetup {
  const Plan& plan;
  int index = 0;  // into plan.windows
  Host host;
  StateGuard& guard;
  Progress& progress;
  std::filesystem::path directory;  // for raw files
  std::filesystem::path cache;      // for workloads' unpacked sources
  std::string cgroup = {};          // for threads on the measured CPUs (runner/isolation.h)
  std::vector<std::int32_t> supervisors = {};  // processes of isolab above this one
  std::string run_cgroup = {};  // the window's is made below it; empty: there is none
  /// Asked as soon as the window is open, and every 20 ms in it: false ends it early. Empty: it
  /// lasts as planned.
  std::function<Result<bool>()> goes_on = {};
  TraceSinkMaker trace_sink = {};  // see ObserverContext
};

struct WindowOutcome {
  WindowRecord record;
  std::vector<RestoreProblem> restore_problems;
};

/// Workloads live in a cgroup of the window; what they leave running is killed at its end, in the
/// cgroup or by parentage (the caller is a subreaper), and named in a warning of the record.
/// Never fails as a whole: a fault is in the record's status, with the data so far.
WindowOutcome run_window(const WindowSetup& setup);

}  // namespace isolab
