// SPDX-License-Identifier: Apache-2.0
// A comparison for people: the full tables of the terminal, and the cover letter of a patch series.
#pragma once

#include <string>
#include <vector>

#include "analysis/comparison.h"

namespace isolab {

/// Every metric, at most 100 columns. `citations`: what A/A runs of this set-up measured, a
/// sentence each.
std::string render_comparison(const Comparison& comparison,
                              const std::vector<std::string>& citations);

/// For a mail: ASCII, at most 72 columns, no tabs. The tables hold what fits (the largest rates);
/// what they leave out is counted in a footnote.
std::string render_cover_letter(const Comparison& comparison,
                                const std::vector<std::string>& citations);

inline constexpr std::size_t kLetterWidth = 72;

}  // namespace isolab
