// SPDX-License-Identifier: Apache-2.0
// The tables of the text report, one function each; an empty text where there is nothing to show.
#pragma once

#include <string>

#include "analysis/model/findings.h"

namespace isolab {

std::string counts_table(const Findings& findings);        // over thresholds, per CPU-hour
std::string lengths_table(const Findings& findings);       // percentiles, maximum, time lost
std::string interrupts_table(const Findings& findings);    // per CPU-second
std::string counted_rows_table(const Findings& findings);  // where no time is known, so no rate
std::string other_rows_table(const Findings& findings);    // devices and softirqs
std::string ipis_table(const Findings& findings);          // per operation
std::string work_table(const Findings& findings);
std::string time_table(const Findings& findings);  // CPU time of measured and housekeeping CPUs

}  // namespace isolab
