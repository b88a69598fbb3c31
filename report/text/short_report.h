// SPDX-License-Identifier: Apache-2.0
// The first screen of a report: machine and isolation, a line of numbers and one of causes for each
// arm, the worst gap, the warnings, where the rest is. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "analysis/model/findings.h"
#include "report/text/format.h"

namespace isolab {

/// A terminal of this height shows the report of up to 15 arms whole. Where more arms leave no room
/// for the causes of each, those with the clearest effects have them and the others are counted.
inline constexpr std::size_t kScreenLines = 40;

inline constexpr std::size_t kLeastShortWidth = 80;

/// Of an imported recording every section: what the file cannot tell belongs to its numbers.
/// ASCII, in lines of at most `width` columns (at least kLeastShortWidth). `worst_gap`:
/// worst_gap_text() of report/worst_gap.h; "": unknown, then the longest time is named without a
/// cause.
std::string render_short_report(const Findings& findings, const std::string& worst_gap,
                                std::size_t width = kReportWidth);

}  // namespace isolab
