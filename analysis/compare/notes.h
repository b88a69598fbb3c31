// SPDX-License-Identifier: Apache-2.0
// What the reader of a comparison must know: what the recordings cannot tell, what they lost, what
// some groups do not have, whether they are large enough.
#pragma once

#include <vector>

#include "analysis/model/comparison.h"

namespace isolab {

/// Adds to `out.notes`; the groups, metrics and their changes are there already.
void add_notes(const std::vector<SessionGroup>& groups, Comparison& out);

}  // namespace isolab
