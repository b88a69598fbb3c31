// SPDX-License-Identifier: Apache-2.0
// A comparison for people: the full tables of the terminal, and the cover letter of a patch series.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/comparison.h"
#include "report/compare/tables.h"

namespace isolab {

/// At most 100 columns: the rows that differ significantly, the others counted in one line. Where
/// there are too few sessions for any verdict, the rows that the cover letter has. `full`: every
/// row, whole command lines.
std::string render_comparison(const Comparison& comparison, const CompareContext& context,
                              bool full);

/// For a mail: ASCII, at most 72 columns, no tabs. The tables hold what fits (the largest rates);
/// what they leave out is counted in a footnote.
std::string render_cover_letter(const Comparison& comparison, const CompareContext& context);

inline constexpr std::size_t kLetterWidth = 72;

}  // namespace isolab
