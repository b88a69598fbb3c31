// SPDX-License-Identifier: Apache-2.0
// From a recording to what people see: findings.json, the text, the charts, the verdict.
#pragma once

#include <filesystem>
#include <vector>

#include "base/cpu_set.h"
#include "host/readiness.h"

namespace isolab {

/// Analyses a fresh recording, writes findings.json into it, draws the charts, prints the report (or
/// the metrics as JSON). Returns `code`, or budget exceeded when the run itself was fine.
int finish_report(const std::filesystem::path& recording, int code, bool json, bool plots);

/// The readiness findings as text or JSON; 1 when there is a problem, else 0.
int print_readiness(const std::vector<ReadinessFinding>& findings, const CpuSet& measured, bool json);

}  // namespace isolab
