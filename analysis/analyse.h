// SPDX-License-Identifier: Apache-2.0
// From a recording to its findings: the analysis as a whole.
#pragma once

#include <vector>

#include "analysis/attribution/classes.h"
#include "analysis/model/findings.h"
#include "results/recording.h"

namespace isolab {

/// `own_rules`: a user's rules of classes, tried before the built-in ones. parse: rules that are
/// not regular expressions; never without own rules.
Result<Findings> analyse(const Recording& recording, const std::vector<ClassRule>& own_rules);
Findings analyse(const Recording& recording);

}  // namespace isolab
