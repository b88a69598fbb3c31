// SPDX-License-Identifier: Apache-2.0
// How a verb, or a process of a run, ends with an error.
#pragma once

#include "base/result.h"

namespace isolab {

/// Prints "isolab: what" and the hint on stderr; returns the exit code that fits its kind:
/// kNotApplicable for unsupported, kDisturbed for interrupted when a signal came, else kFailed.
int complain(const Error& error);

/// Says that the answer could not be written to stdout, if so (not when its reader went away). The
/// exit code for a verb that wants to end with `code`: kFailed instead of kDone.
int end_output(int code);

}  // namespace isolab
