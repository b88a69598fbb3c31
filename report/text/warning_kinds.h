// SPDX-License-Identifier: Apache-2.0
// The warnings of a recording by kind: what was seen each time, said why once.
#pragma once

#include <string>
#include <vector>

#include "analysis/model/findings.h"

namespace isolab {

/// Warnings with one id, reason and advice together, in the order of their first.
std::vector<std::vector<const FindingWarning*>> warning_kinds(const Findings& findings);

/// What was seen, with its arms and how often: "CPU 1: preempted 9 times [idle] (2 times)".
std::string seen_text(const FindingWarning& warning);

/// Every kind with what was seen (at most four of it), why it matters and what to do.
std::string warnings_text(const Findings& findings);

/// Every kind in a few words, one after the other; what the first lines of a report say already
/// (NOT ISOLATED, EMULATED) is left out. "": none.
std::string brief_warnings(const Findings& findings);
/// The same by the names of docs/warnings.md: "few_repeats, involuntary_switches (15)"; in brackets
/// how many were recorded, where it is more than one.
std::string warning_names(const Findings& findings);

}  // namespace isolab
