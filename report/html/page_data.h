// SPDX-License-Identifier: Apache-2.0
// What the script of a recording's page draws, as JSON: gaps with their stories, stolen time by
// stack. Texts are stored once in a list and are named by their place in it, which keeps the page
// small.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/attribution/stolen_time.h"
#include "analysis/model/findings.h"
#include "results/json.h"

namespace isolab {

/// What beside the findings a page shows; where it is absent, why.
struct PageExtras {
  std::optional<Json> spikes;  // spikes_as_json()
  std::string no_spikes;
  std::optional<StolenTime> stolen;
  std::string no_stolen;
};

/// {"texts": [...], "arms": [text ...],
///  "stacks": [[text, ...] ...] innermost frame first,
///  "tracks": [{"arm", "cpu", "repeat", "seconds", "gaps", "points": [point ...]} ...],
///  "stolen": [[arm, cpu, class, ns, gaps, [text ...]] ...] outermost frame first, from the class,
///  "ccdf": [[arm, [us ...], [per CPU-hour ...]] ...]}
/// point: [at_s, us] of a window that was not traced, or
///  [at_s, us, class, before, traced, after, other task, late, more causes, period in ms or 0,
///   [[what, class, after_us, us] ...] parts, [cause ...]],
/// cause: [after_us, kind, what, class, subclass, times, same IPI, pid or -1, woken text or -1,
///   woken pid, sender or 0], sender: [comm, pid, cpu, sent_us_before, by order only, stack].
/// Texts, arms (places in "arms") and stacks are places in their lists.
std::string page_data(const Findings& findings, const PageExtras& extras);

}  // namespace isolab
