// SPDX-License-Identifier: Apache-2.0
// What is not the same in the machines, kernels, command lines and profiles of a comparison.
#pragma once

#include <vector>

#include "analysis/model/comparison.h"

namespace isolab {

std::vector<Difference> find_differences(const std::vector<SessionGroup>& groups,
                                         const ComparisonOptions& options);

}  // namespace isolab
