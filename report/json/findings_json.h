// SPDX-License-Identifier: Apache-2.0
// Findings as text for programs: the whole (findings.json), the metrics alone (report --json), and
// the JSON schema of both. Keys are sorted and numbers have nine significant digits, so the same
// recording gives the same bytes on every machine.
#pragma once

#include <string>

#include "analysis/model/findings.h"

namespace isolab {

std::string findings_to_json(const Findings& findings);
std::string metrics_to_json(const Findings& findings);
std::string findings_schema();

}  // namespace isolab
