// SPDX-License-Identifier: Apache-2.0
// Limits a profile may set, and the metric each of them is checked against.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace isolab {

/// Metric names a budget may name.
std::vector<std::string> budget_metrics();
/// The limit in the metric's unit: durations ("50us") for times, rates and plain numbers otherwise.
/// usage error: what is wrong; its hint says what was expected.
Result<double> budget_limit(const std::string& metric, const std::string& text);

}  // namespace isolab
