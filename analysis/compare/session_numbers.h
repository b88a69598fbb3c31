// SPDX-License-Identifier: Apache-2.0
// From the findings of one session (one recording) to the numbers that sessions are compared by.
// A session is one fresh start of `isolab run`, or one boot; its repeats are nested in it and give
// one number together. Per-CPU numbers that have a sum over CPUs give way to it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "analysis/model/findings.h"

namespace isolab {

struct SessionNumber {
  double value = 0;       // in the metric's unit
  std::uint64_t n = 0;    // events or samples behind it
  double exposure_s = 0;  // CPU-seconds
  bool lossy = false;     // counted by a trace that lost events: at least so much
};

/// Of one arm (its label is dropped), or of all arms (empty; their label stays).
using SessionNumbers = std::map<MetricKey, SessionNumber>;
SessionNumbers session_numbers(const Findings& findings, const std::string& arm);

/// Class and callback of the functions that CPUs ran for others.
using CallNames = std::set<std::pair<std::string, std::string>>;
void add_call_names(const Findings& findings, CallNames& names);

/// Whether function-call IPIs came to the arm (empty: any) of which no event told the function: one
/// that is missing may have been among them.
bool has_unnamed_calls(const Findings& findings, const std::string& arm);

/// Arms of which a traced window lost events or pages: what the trace counted there is too low.
std::set<std::string> lossy_arms(const Findings& findings);

/// Adds a zero wherever a session looked but had no line, since nothing of the kind came: causes of
/// the trace and rows of /proc/interrupts. A call (`calls`) is not zero where unnamed calls were
/// recorded. `sessions` and `all` are in the same order.
void fill_zeros(std::vector<SessionNumbers>& all, const std::vector<const Findings*>& sessions,
                const std::string& arm, const std::vector<MetricKey>& keys, const CallNames& calls);

}  // namespace isolab
