// SPDX-License-Identifier: Apache-2.0
// Several sessions of one profile, each a fresh start of this program: `run --sessions` and `aa`.
#pragma once

#include <filesystem>

#include "base/exit_code.h"
#include "base/result.h"
#include "cli/shared_options.h"

namespace isolab {

struct SessionsRecorded {
  std::filesystem::path directory;  // of the sessions
  ExitCode code = ExitCode::done;   // the worst of them, also after an error
};

/// Records `options.sessions` sessions below options.output. usage: it exists; io: a session left
/// no recording; interrupted.
Result<void> record_sessions(const RunOptions& options, SessionsRecorded& recorded);

/// The exit code of a verb whose work was `done`: the worse of its error's, which is printed, and
/// the sessions'.
ExitCode outcome_of(const Result<void>& done, const SessionsRecorded& recorded);

/// The verb `run --sessions`.
ExitCode run_sessions(const RunOptions& options);

}  // namespace isolab
