// SPDX-License-Identifier: Apache-2.0
// Metrics from the trace.
#pragma once

#include <vector>

#include "analysis/model/interruptions.h"
#include "analysis/model/metric.h"

namespace isolab {

/// For each traced arm and measured CPU; nothing for recordings without a trace.
void add_interruption_metrics(const Interruptions& interruptions, std::vector<Metric>& out);

}  // namespace isolab
