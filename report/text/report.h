// SPDX-License-Identifier: Apache-2.0
// Findings as a report for people, in sections: ASCII, at most 100 columns. Pure.
// report/text/short_report.h has the first screen.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "analysis/model/findings.h"
#include "base/result.h"

namespace isolab {

struct TextStyle {
  bool full = false;  // causes of every arm and CPU in full, the whole kernel command line
  std::vector<std::string> sections = {};  // names of report_sections(); empty: all of them
};

/// Every section that a recording can have, in the order of the report: its name and what it says.
std::vector<std::pair<std::string, std::string>> report_sections();

/// usage: a section of `style` that does not exist; the hint has the names.
Result<std::string> render_report(const Findings& findings, const TextStyle& style);

}  // namespace isolab
