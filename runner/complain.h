// SPDX-License-Identifier: Apache-2.0
// How a verb, or a process of a run, ends with an error.
#pragma once

#include "base/exit_code.h"
#include "base/result.h"

namespace isolab {

/// Prints "isolab: what" and the hint on stderr; returns the exit code that fits its kind:
/// not_applicable for unsupported, disturbed for interrupted when a signal came, else failed.
ExitCode complain(const Error& error);

/// Says that the answer could not be written to stdout, if so (not when its reader went away). The
/// exit code for a verb that wants to end with `code`: failed instead of done.
ExitCode end_output(ExitCode code);

}  // namespace isolab
