// SPDX-License-Identifier: Apache-2.0
// The member "interruptions" of findings.json, and what of it becomes flat metrics.
#pragma once

#include "analysis/model/findings.h"
#include "results/json.h"

namespace isolab {

Json interruptions_json(const Interruptions& interruptions);
Json interruptions_schema();

}  // namespace isolab
