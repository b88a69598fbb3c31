// SPDX-License-Identifier: Apache-2.0
// Findings as a report for people: ASCII, at most 100 columns, the conclusion first. Pure.
#pragma once

#include <string>

#include "analysis/findings.h"

namespace isolab {

struct TextStyle {
  bool colour = false;  // headings bold; nothing else depends on it
};

std::string render_report(const Findings& findings, const TextStyle& style);

}  // namespace isolab
