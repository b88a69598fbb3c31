// SPDX-License-Identifier: Apache-2.0
// Names of the tasks of the machine that makes a trace, so that the recording can be read on
// another.
#pragma once

#include <string>

#include "host/files.h"
#include "trace/read/kernel_symbols.h"

namespace isolab {

/// Whether /proc has the numbers of tasks that a trace has, those of the first PID namespace. In a
/// container it has others.
bool has_numbers_of_trace(const Files& files);
/// Every task now alive, by its thread id; none where has_numbers_of_trace() is false. Tasks that
/// end in the meantime are left out. Takes some milliseconds and sends no IPI.
Comms read_comms(const Files& files);
/// The kernel's own small table of an instance: tasks that were switched in while tracing.
Comms read_saved_comms(const Files& files, const std::string& instance);

}  // namespace isolab
