// SPDX-License-Identifier: Apache-2.0
// The member "page_costs" of findings.json and its schema.
#pragma once

#include <vector>

#include "analysis/model/page_cost.h"
#include "results/json.h"

namespace isolab {

/// The member "page_costs" of findings.json: the comparisons and the published figures beside them.
Json page_costs_json(const std::vector<PageCost>& costs);
Json page_costs_schema();

}  // namespace isolab
