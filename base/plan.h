// SPDX-License-Identifier: Apache-2.0
// The plan: what a run will do, complete. Plain data, made by the runner from a profile and the
// machine's facts, stored in the recording, read by the analysis.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/params.h"
#include "base/units.h"

namespace isolab {

/// One workload, probe or observer with every parameter resolved.
struct PluginUse {
  std::string name;
  ParamValues params;
  bool operator==(const PluginUse&) const = default;
};

/// The workload that does nothing. A word of the plan, as the probe "none" is.
inline constexpr const char* kIdleWorkload = "idle";

/// Whether there is nothing to disturb with.
inline bool is_idle(const std::vector<PluginUse>& workloads) {
  return std::all_of(workloads.begin(), workloads.end(),
                     [](const PluginUse& use) { return use.name == kIdleWorkload; });
}

/// A kernel file written before the windows of an arm and restored after them.
struct PlannedSetting {
  std::string path;   // absolute
  std::string value;  // without newline
  bool operator==(const PlannedSetting&) const = default;
};

/// The boot an arm belongs to, as its profile names it (docs/profiles.md, kernel:).
struct PlannedBoot {
  std::string kernel;   // "6.12", "6.12-rt", a file; empty: the default one
  std::string cmdline;  // words added to the kernel's command line, one blank between; empty: none
  auto operator<=>(const PlannedBoot&) const = default;
};

/// A named set of workloads and settings. Arms made by a matrix are named "arm axis=value".
struct Arm {
  std::string name;
  std::vector<PluginUse> workloads;  // empty: idle
  std::vector<PlannedSetting> settings;
  std::vector<PluginUse> observers;  // those of the plan unless the arm says otherwise
  std::string not_applicable;        // the reason; empty: it runs
  std::optional<PlannedBoot> boot;   // none: the profile says nothing of kernels for this arm
  bool operator==(const Arm&) const = default;
};

/// One window: the arm is set up, warmed up, measured and torn down.
struct PlannedWindow {
  int arm = 0;     // index into Plan::arms
  int repeat = 0;  // 0..repeats-1
  bool operator==(const PlannedWindow&) const = default;
};

/// A limit that the run must keep; broken -> exit code 2.
struct Budget {
  std::string metric;      // a metric name of `isolab schema`
  std::string arm;         // empty: every arm
  double limit = 0;        // in the metric's unit
  std::string limit_text;  // as written in the profile
  std::string reason;
  bool operator==(const Budget&) const = default;
};

/// CPUs to be isolated for the time of the run (docs/profiles.md, isolation:).
struct PlannedIsolation {
  CpuSet cpus;
  std::string via;  // "partition": made and undone; "cmdline": only verified
  bool operator==(const PlannedIsolation&) const = default;
};

struct Plan {
  static constexpr int kSchema = 1;
  int schema = kSchema;
  std::string name;
  std::string question;      // which question the profile answers
  std::string profile_hash;  // SHA-256 of the canonical resolved profile, hexadecimal
  CpuSet measured;
  CpuSet housekeeping;
  std::string measured_why;  // how the CPUs were chosen: "the kernel's isolated CPUs"
  bool measured_isolated = false;
  std::optional<PlannedIsolation> isolation;
  PluginUse probe;
  std::vector<Arm> arms;               // in the profile's order, an idle arm first
  std::vector<PlannedWindow> windows;  // in run order; arms that are not applicable have none
  int repeats = 1;
  Nanos warmup{0};
  Nanos measure{0};
  std::string order;  // "interleaved", "shuffled" or "sequential"
  std::uint64_t seed = 0;
  std::vector<Budget> budgets;
  Nanos duration{0};  // expected, all windows with set-up and tear-down
  bool operator==(const Plan&) const = default;
};

}  // namespace isolab
