// SPDX-License-Identifier: Apache-2.0
// The part of the text report about who interrupted the measured CPUs: ASCII, at most 100 columns.
// Empty where no window was traced.
#pragma once

#include <string>

#include "analysis/model/findings.h"

namespace isolab {

/// One block a traced arm and CPU: explained share, causes with senders, what could be deferred,
/// noise budget, gaps without kernel event; then the trace's own effect and its checks. More than
/// four blocks are abridged, unless `full`.
std::string interruptions_text(const Findings& findings, bool full);

}  // namespace isolab
