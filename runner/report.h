// SPDX-License-Identifier: Apache-2.0
// From a recording to what people see: findings.json, the text, the charts, the verdict.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/findings.h"
#include "base/result.h"

namespace isolab {

/// Analyses a fresh recording, writes findings.json into it, draws the charts, then prints the
/// report (or the metrics as JSON). Returns `code`, or budget exceeded when the run itself was
/// fine.
int finish_report(const std::filesystem::path& recording, int code, bool json, bool plots);

/// What came of keep_findings(): the exit code, and what is to be said after the report.
struct Kept {
  int code = 0;
  std::vector<std::string> lines;
};
/// The part of it that prints nothing: findings.json, charts, the code.
Result<Kept> keep_findings(const std::filesystem::path& recording, const Findings& findings,
                           int code, bool plots);

/// The findings of a recording directory; `classes`: a file of own rules, or empty.
Result<Findings> findings_of(const std::filesystem::path& recording, const std::string& classes);

}  // namespace isolab
