// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "analysis/attribution/open_gap.h"
#include "analysis/attribution/tallies.h"

namespace isolab {

/// Where a measured CPU's events are noted: in the gap that is open, if they are in one, and in the
/// tallies, if they are in the window.
struct CpuLog {
  OpenGap gap;
  CpuAttribution& counts;

  void occurred(CauseId id, const Moment& now) {
    gap.note(id, now);
    if (now.in_window) ++counts.tally(id, now.ticks).callbacks;
  }
  /// The same with who raised, armed or queued it; nullptr: not known.
  void occurred_for(CauseId id, const Moment& now, const Sender* by) {
    auto* cause = gap.note_in_a_row(id, now);
    if (cause != nullptr && by != nullptr) cause->sender = *by;
    if (!now.in_window) return;
    auto& tally = counts.tally(id, now.ticks);
    ++tally.callbacks;
    if (by != nullptr) tally.add_sender(*by);
  }
  void occurred_in_a_row(CauseId id, const Moment& now) {
    gap.note_in_a_row(id, now);
    if (now.in_window) ++counts.tally(id, now.ticks).callbacks;
  }
};

}  // namespace isolab
