// SPDX-License-Identifier: Apache-2.0
// Notes of a comparison: what the recordings cannot show, what they lost, what
// some groups do not have, whether they are large enough.
#pragma once

#include <vector>

#include "analysis/model/comparison.h"

namespace isolab {

/// Adds to `out.notes`; the groups, metrics and their changes are there already.
void add_notes(const std::vector<SessionGroup>& groups, Comparison& out);

}  // namespace isolab
