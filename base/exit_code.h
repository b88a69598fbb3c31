// SPDX-License-Identifier: Apache-2.0
// What a verb ends with.
#pragma once

namespace isolab {

/// Exit codes of the program (docs/command-line.md).
enum ExitCode {
  kDone = 0,
  kFailed = 1,         // usage or failure
  kBudgetBroken = 2,   // a limit of the profile was exceeded
  kNotApplicable = 3,  // nothing of it can run here
  kNotRestored = 4,    // measured, but the machine could not be put back
  kDisturbed = 5,      // measured, but disturbed: interrupted, a workload died, events lost
};

/// As --help lists them: "measured but disturbed".
constexpr const char* exit_code_text(int code) {
  switch (code) {
    case kDone: return "done";
    case kBudgetBroken: return "budget exceeded";
    case kNotApplicable: return "not applicable here";
    case kNotRestored: return "measured but not restored";
    case kDisturbed: return "measured but disturbed";
    default: return "usage or failure";
  }
}

}  // namespace isolab
