// SPDX-License-Identifier: Apache-2.0
// Limits of a profile: how they are written, and whether a recording kept them.
#pragma once

#include "analysis/model/findings.h"
#include "base/plan.h"
#include "base/result.h"

namespace isolab {

/// Metrics a budget may name: all whose direction is known.
std::vector<std::string> budget_metrics();
/// A limit in the metric's unit: "100us" for a length, "10/h" for a count per CPU-hour, "5/s" for a
/// rate, "2%" for a share; a plain number is taken to be in the unit.
Result<double> budget_limit(const std::string& metric, const std::string& text);

/// "gap_max=20us", a limit of every arm that is given on the command line. usage: it has no "=", or
/// as budget_limit().
Result<Budget> parse_limit(const std::string& text);

/// One verdict for each budget and arm. Every value of the metric (each CPU, row ...) must keep the
/// limit. "not proven": kept, but by a count whose 95 % upper bound is above the limit.
std::vector<Verdict> judge_budgets(const Plan& plan, const std::vector<Metric>& metrics);

/// Budgets that were judged in no arm, as "METRIC <= LIMIT: REASON": such a run proves nothing.
std::vector<std::string> unjudged_budgets(const std::vector<Verdict>& verdicts);

}  // namespace isolab
