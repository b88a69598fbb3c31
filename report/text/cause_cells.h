// SPDX-License-Identifier: Apache-2.0
// Causes and senders as the cells and words that the text report and the HTML page share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/model/interruptions.h"

namespace isolab {

/// "-" for none, "12345", "1.23M".
std::string count_text(std::uint64_t value);
/// "  text_patch/jump_label do_sync_core".
std::string label_text(const CauseName& name);
/// The same, with the priorities of a task: "  other_task rcu_preempt (rt 50)".
std::string label_text(const CauseRow& cause);
/// ", wakes 3 x rcu_preempt"; empty: no task.
std::string woken_text(const std::vector<WokenRow>& woken);
/// "12 x bash (pid 17 on CPU 0): frame < frame, wakes 3 x rcu_preempt", with at most `frames`.
std::string sender_text(const SenderRow& sender, std::size_t frames);

/// The columns of a table of causes, and a row of it.
std::vector<std::string> causes_header();
std::vector<std::string> cause_cells(const CpuInterruptions& cpu, const CauseRow& cause);

}  // namespace isolab
