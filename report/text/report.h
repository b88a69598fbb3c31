// SPDX-License-Identifier: Apache-2.0
// Findings as a report for people: ASCII, at most 100 columns, the conclusion first. Pure.
#pragma once

#include <string>

#include "analysis/model/findings.h"

namespace isolab {

struct TextStyle {
  bool colour = false;  // headings bold; nothing else depends on it
  bool full = false;    // every arm and CPU in full, however many there are
};

std::string render_report(const Findings& findings, const TextStyle& style);

}  // namespace isolab
