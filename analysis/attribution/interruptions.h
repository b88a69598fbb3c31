// SPDX-License-Identifier: Apache-2.0
// Finds what interrupted the measured CPUs of a recording: every traced window through the
// attribution, pooled by arm and CPU. Reads the recording's trace directories and nothing else;
// memory does not grow with their length.
#pragma once

#include <string>
#include <vector>

#include "analysis/attribution/attribution.h"
#include "analysis/attribution/classes.h"
#include "analysis/model/interruptions.h"
#include "results/recording.h"

namespace isolab {

/// `own_rules` come before the built-in ones. parse: rules that are not regular expressions.
Result<Interruptions> find_interruptions(const Recording& recording,
                                         const std::vector<ClassRule>& own_rules = {});

/// The rules compiled for the recording's machine.
Result<Classifier> classifier_for(const Recording& recording,
                                  const std::vector<ClassRule>& own_rules);
/// What the attribution of a window needs of its record.
std::vector<CpuGaps> gaps_of(const WindowRecord& window, const CpuSet& measured);

/// Frames that say something: without the common paths of sending (smp_call_function_*,
/// on_each_cpu_*) at the top and of kernel entry at the bottom; names only, at most `most`.
std::vector<std::string> informative(const std::vector<std::string>& frames, std::size_t most);

std::vector<ObserverEffect> observer_effects(const Recording& recording);

}  // namespace isolab
