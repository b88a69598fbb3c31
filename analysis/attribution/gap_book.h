// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "analysis/attribution/gap_story.h"
#include "analysis/attribution/tallies.h"
#include "analysis/attribution/trace_context.h"

namespace isolab {

/// Books the closed gaps of one CPU on their causes. The usual delay is learnt from the first gaps,
/// so these are held back: every gap is booked once, in order, and none before the delay is known.
class GapBook {
 public:
  /// `microsecond` in ticks. `trace` and `counts` must outlive it.
  GapBook(TraceContext& trace, CpuAttribution& counts, std::uint64_t microsecond)
      : trace_(trace), counts_(counts), microsecond_(microsecond) {}

  /// `returned`: the gap ended with the probe running, in no context.
  void add(GapStory& story, bool returned);
  /// After the last gap.
  void finish() {
    if (!settled_) settle();
  }

 private:
  void learn(const GapStory& story, bool returned);
  void settle();
  void book(GapStory& story);
  void book_times(GapStory& story);

  TraceContext& trace_;
  CpuAttribution& counts_;
  std::uint64_t microsecond_;
  UsualDelay usual_;
  bool settled_ = false;  // `usual_` is
  std::vector<GapStory> held_;
  std::vector<Slice> booked_;                              // of the gap being booked
  std::vector<std::pair<CauseId, std::uint64_t>> shares_;  // of its causes
};

}  // namespace isolab
