// SPDX-License-Identifier: Apache-2.0
// The first lines of a report: what each arm did to the measured CPUs, compared with the idle arm.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/findings.h"

namespace isolab {

/// A line or two for each arm with a measurable effect, one line for the others together.
std::string conclusion(const Findings& findings);

/// The clearest interrupts, tasks and states of CPU time that an arm changed, one text a table:
/// "function_call IPIs 0 -> 318/s, reschedule IPIs 0 -> 12.4/s". Gaps and time lost are not in it.
std::vector<std::string> changed_rows(const Findings& findings, const ArmEffect& effect);
/// "no IPI (<0.745/s)" with the 95 % bound of the zero, "IPIs: function_call 12.1/s, reschedule
/// 3/s" or that they were not observed: what other CPUs sent to the measured CPUs in an arm.
std::string sent_interrupts(const Findings& findings, const std::string& arm);
/// The clearest two rows of any table that changed on one measured CPU and not on all together:
/// "gaps over 10 us on CPU 3 0 -> 12.1/h"; "": none.
std::string rows_of_single_cpus(const Findings& findings, const ArmEffect& effect);
/// The rows that would have changed if the repeats agreed; "": none.
std::string unclear_rows(const Findings& findings, const ArmEffect& effect);
/// "gaps over 10 us +2.07k/h, function_call IPIs +1.14/s": the smallest rises that would have been
/// significant in an arm without a change.
std::string smallest_rises(const Findings& findings, const std::vector<const ArmEffect*>& arms);

}  // namespace isolab
