// SPDX-License-Identifier: Apache-2.0
// The recorded machine in words, the same for one recording and for a comparison.
#pragma once

#include <string>

#include "base/records.h"

namespace isolab {

/// A fact's text; "" where it was not recorded, is unknown or not applicable.
std::string known_fact(const Facts& facts, const std::string& key);

/// "HP ProLiant, AMD EPYC 7763, CPUs 0-127, under KVM"; what is unknown is left out.
std::string machine_text(const Facts& facts);

/// "CPU" of a list of one CPU, else "CPUs".
std::string cpu_word(const std::string& list);

/// The parameters of a kernel command line that move work off CPUs or change the cost of entering
/// the kernel (Documentation/admin-guide/kernel-parameters.txt), the others as a number:
/// "isolcpus=2-3 nohz_full=2-3 and 21 others".
std::string short_command_line(const std::string& line);

}  // namespace isolab
