// SPDX-License-Identifier: Apache-2.0
// How a verb, or a process of a run, ends with an error.
#pragma once

#include "base/exit_code.h"
#include "base/result.h"

namespace isolab {

/// Prints "isolab: what" and the hint on stderr; returns the exit code that fits its kind:
/// not_applicable for unsupported, disturbed for interrupted when a signal came, else failed.
ExitCode complain(const Error& error);

/// Reports if the result could not be written to stdout (not if its reader closed the pipe).
/// Returns the exit code for a verb that ends with `code`: failed instead of done.
ExitCode end_output(ExitCode code);

}  // namespace isolab
