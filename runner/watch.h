// SPDX-License-Identifier: Apache-2.0
// Carries out `isolab watch`: one window without probe and workload, whose trace is read while it
// is written, over the CPUs that an application runs on. The result is an ordinary recording.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/exit_code.h"
#include "base/plan.h"
#include "base/result.h"
#include "base/units.h"
#include "host/facts/facts.h"
#include "runner/flight.h"
#include "runner/supervise.h"

namespace isolab {

struct WatchRequest {
  CpuSet cpus;                           // empty: chosen by the target
  std::int32_t pid = 0;                  // a process; 0: none is named
  std::vector<std::string> command;      // to be started; empty: none
  std::vector<PluginUse> observers;      // one of them traces
  Nanos span{0};                         // 0: until the target ends or a signal comes
  std::optional<FlightTriggers> flight;  // keeps the last moments only, and looks for these
  /// A stop of the flight recorder, its directory complete; false ends the watch.
  std::function<Result<bool>(const FlightStop& stop, const TickLine& line, double at_s)> on_stop;
  std::filesystem::path output;  // of the recording; must not exist
  std::vector<std::string> command_line;
};

/// The watched CPUs and what is left for isolab. usage: nothing is left, or a CPU is not online;
/// unsupported: there is no such process.
Result<Plan> plan_watch(const WatchRequest& request, const Files& files, const HostFacts& facts);

/// Note of the window: how the command ended, as text, and as an exit code of a shell.
inline constexpr const char* kWatchEndNote = "watch.command_end";
inline constexpr const char* kWatchCodeNote = "watch.command_code";

/// In the process that supervise() starts.
Result<ExitCode> carry_out_watch(const WatchRequest& request, const Plan& plan, Host host,
                                 Lifeline lifeline);

}  // namespace isolab
