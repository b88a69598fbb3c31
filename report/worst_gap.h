// SPDX-License-Identifier: Apache-2.0
// The longest gap of a recording with its cause in a line or two, for the first screen of a report;
// `isolab spikes` prints the others with all of their story. Reads the recording only.
#pragma once

#include <string>
#include <vector>

#include "analysis/attribution/classes.h"
#include "results/recording.h"

namespace isolab {

/// "28.8 ms in static_key_toggle (CPU 1, 3.442 s into repeat 0): 28.6 ms task X, ...; begins with
/// timer hrtimer_wakeup". Of the gap logs of the windows that count; where the cause is not known,
/// the text gives the reason. "" where no such window has a gap log, or its times are withheld.
std::string worst_gap_text(const Recording& recording,
                           const std::vector<ClassRule>& own_rules = {});

}  // namespace isolab
