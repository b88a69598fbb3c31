// SPDX-License-Identifier: Apache-2.0
// What text and JSON of oslat have in common.
#pragma once

#include "import/distribution.h"

namespace isolab {

/// oslat names a bin by its upper edge. The last one holds what is longer too: where the longest is
/// at or beyond its edge, nothing is known of its samples but that.
void end_oslat_bins(Distribution& column, std::uint64_t last_edge, std::uint64_t in_last);

/// The window, its notes and what oslat does not say.
void describe_oslat(const std::vector<Distribution>& columns, const std::string& file,
                    bool nanoseconds, ImportedData& out);

}  // namespace isolab
