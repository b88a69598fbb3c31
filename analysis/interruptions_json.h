// SPDX-License-Identifier: Apache-2.0
// The member "interruptions" of findings.json, and what of it becomes flat metrics.
#pragma once

#include "analysis/findings.h"
#include "analysis/interruptions.h"
#include "results/json.h"

namespace isolab {

Json interruptions_json(const Interruptions& interruptions);
Json interruptions_schema();

/// For each traced arm and measured CPU; nothing for recordings without a trace.
void add_interruption_metrics(const Interruptions& interruptions, std::vector<Metric>& out);

}  // namespace isolab
