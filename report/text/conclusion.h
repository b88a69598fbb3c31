// SPDX-License-Identifier: Apache-2.0
// The first lines of a report: what each arm did to the measured CPUs, compared with the idle arm.
#pragma once

#include <string>

#include "analysis/model/findings.h"

namespace isolab {

/// A line or two for each arm that did something that shows, one line for those that did not.
std::string conclusion(const Findings& findings);

}  // namespace isolab
