// SPDX-License-Identifier: Apache-2.0
// The report's sections on what taking pages out of the direct map costs, and on attached
// benchmarks.
#pragma once

#include <string>

#include "analysis/model/findings.h"

namespace isolab {

/// Each comparison with its ratio, pages, cost, model and the published figures; "" without one.
std::string page_cost_text(const Findings& findings);

/// The attached benchmarks, one line each, with those that are not applicable below; "" without
/// one.
std::string benchmarks_text(const Findings& findings);

}  // namespace isolab
