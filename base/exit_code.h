// SPDX-License-Identifier: Apache-2.0
// What a verb ends with.
#pragma once

namespace isolab {

/// Exit codes of the program (docs/command-line.md), the worst last. A value beyond them is the
/// exit code of another program, handed on.
enum class ExitCode : int {
  done = 0,
  failed = 1,          // usage or failure
  budget_broken = 2,   // a limit of the profile was exceeded
  not_applicable = 3,  // nothing of it can run here
  not_restored = 4,    // measured, but the machine could not be restored
  disturbed = 5,       // measured, but disturbed: interrupted, a workload died, events lost
};

inline constexpr ExitCode kLastExitCode = ExitCode::disturbed;

/// As --help lists them: "measured but disturbed".
constexpr const char* exit_code_text(ExitCode code) {
  switch (code) {
    case ExitCode::done: return "done";
    case ExitCode::budget_broken: return "budget exceeded";
    case ExitCode::not_applicable: return "not applicable here";
    case ExitCode::not_restored: return "measured but not restored";
    case ExitCode::disturbed: return "measured but disturbed";
    default: return "usage or failure";
  }
}

}  // namespace isolab
