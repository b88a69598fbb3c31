// SPDX-License-Identifier: Apache-2.0
// Running other programs from a workload: ended when the run is, with their last words in the
// error.
#pragma once

#include <filesystem>
#include <string>

#include "host/os.h"
#include "host/process.h"

namespace isolab {

/// What SIGTERM is given before SIGKILL; together well below the second that run() has to return
/// in.
inline constexpr Nanos kStopGrace = std::chrono::milliseconds(300);

/// Runs a command to its end; ErrorKind::interrupted when stop is requested first (it is killed
/// then).
Result<Exit> run_until_done(const CommandSpec& spec, const StopFlag& stop);

/// As run_until_done, and an exit code other than 0 is an error with the end of the log.
Result<void> run_and_succeed(const CommandSpec& spec, const StopFlag& stop);

/// "`what` failed: exit code 2", with the last lines of the log as hint.
Error command_error(const std::string& what, const Exit& exit, const std::filesystem::path& log);

/// The last `lines` lines of a file, empty if it cannot be read.
std::string last_lines(const std::filesystem::path& file, int lines);

}  // namespace isolab
