// SPDX-License-Identifier: Apache-2.0
// Finds what page_cost.h describes in a recording, and makes metrics and JSON of it.
#pragma once

#include "analysis/metrics/ipis_per_op.h"
#include "analysis/model/metric.h"
#include "analysis/model/page_cost.h"
#include "analysis/model/windows.h"
#include "results/json.h"

namespace isolab {

/// Every arm on secret memory beside every control it has. `online`: CPUs of the machine.
std::vector<PageCost> page_costs(const Plan& plan, const std::vector<ArmWindows>& arms,
                                 const std::vector<IpisPerOp>& ipis, int online);

/// round_*_time and pages_per_round of every build, time_per_page of every direct_map, and the
/// ratios and costs of the comparisons.
void add_page_cost_metrics(const std::vector<ArmWindows>& arms, const std::vector<PageCost>& costs,
                           std::vector<Metric>& out);

}  // namespace isolab
