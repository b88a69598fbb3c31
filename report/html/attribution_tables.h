// SPDX-License-Identifier: Apache-2.0
// Tables of the page about causes: all arms and CPUs in one, to be sorted and filtered. Markup;
// empty where there is nothing.
#pragma once

#include <string>

#include "analysis/attribution/stolen_time.h"
#include "analysis/model/findings.h"
#include "results/json.h"

namespace isolab {

/// The longest gaps of spikes_as_json(), with their causes in order: at most 12 of an arm, 300 in
/// all.
std::string longest_gaps(const Json& spikes);
/// The stacks with the most time, at most 200.
std::string stolen_table(const StolenTime& stolen);
/// The causes tables of the report, with their first senders.
std::string causes_by_arm(const Findings& findings);
/// The noise budgets, a row each.
std::string budget_by_arm(const Findings& findings);

}  // namespace isolab
