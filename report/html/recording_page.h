// SPDX-License-Identifier: Apache-2.0
// A recording as one HTML file: the tables of the text report with its numbers, and with script a
// timeline of gaps, each with its whole story, and a flame graph of the lost time. Nothing comes
// from a network.
#pragma once

#include <string>
#include <vector>

#include "analysis/attribution/classes.h"
#include "analysis/model/findings.h"
#include "results/recording.h"

namespace isolab {

/// `findings` are those of `recording`. Reads its traces once more for the gaps' stories, of which
/// there are at most 4000: the longest of each window. Errors: a trace that cannot be read.
Result<std::string> render_recording_page(const Recording& recording, const Findings& findings,
                                          const std::vector<ClassRule>& own_rules);

}  // namespace isolab
