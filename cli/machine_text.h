// SPDX-License-Identifier: Apache-2.0
// A recording set against a captured machine: is it the one that was recorded, and is it ready?
#pragma once

#include <string>

#include "host/captured/machine.h"
#include "results/recording.h"

namespace isolab {

/// The facts that differ, and the findings of `isolab check` there for the recording's measured
/// CPUs. Facts that either side does not know, or that change by themselves, are not compared;
/// their number is printed.
std::string render_machine(const std::string& name, const Recording& recording,
                           const Machine& machine);

}  // namespace isolab
