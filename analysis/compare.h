// SPDX-License-Identifier: Apache-2.0
// Two or more groups of sessions against the first. Pure: findings in, plain data out.
#pragma once

#include <vector>

#include "analysis/model/comparison.h"
#include "base/result.h"

namespace isolab {

/// usage: fewer than two groups, a group without sessions, an arm that no session has, metrics that
/// do not exist.
Result<Comparison> compare(const std::vector<SessionGroup>& groups,
                           const ComparisonOptions& options);

}  // namespace isolab
