// SPDX-License-Identifier: Apache-2.0
// `isolab compare --json`, and all that the charts of a comparison draw.
#pragma once

#include <string>

#include "analysis/model/comparison.h"
#include "results/json.h"

namespace isolab {

/// "kind": "comparison", schema 1; docs/comparing.md names the members. Infinite bounds are the
/// text "inf"; numbers are rounded to nine digits.
std::string comparison_to_json(const Comparison& comparison);
Json comparison_schema();

}  // namespace isolab
