// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/attribution/gap_story.h"
#include "analysis/attribution/gap_timeline.h"
#include "analysis/attribution/moment.h"
#include "base/gap_list.h"
#include "base/records.h"

namespace isolab {

/// What the probe saw on one CPU.
struct CpuGaps {
  int cpu = 0;
  std::uint64_t start = 0, end = 0;  // the probe's span, ticks; both 0: no gap probe ran
  std::uint64_t microsecond = 0;     // in ticks
  std::span<const Gap> gaps;         // in time order, must outlive the attribution
  std::string probe = {};  // name of its thread; empty: learnt from the first switch in a gap
  const GapList* list = nullptr;  // of `gaps`, if what lies behind may be given back
};

/// The open or next gap of a CPU. Its causes and timeline are empty until the first event inside
/// the gap; events outside gaps do not change them.
class OpenGap {
 public:
  /// `slack`: how far the clocks of probe and trace may differ, in ticks. `ends`: see GapTimeline.
  OpenGap(const CpuGaps& gaps, std::uint64_t slack, bool ends)
      : gaps_(gaps.gaps), list_(gaps.list), slack_(slack), timeline_(ends) {
    story_.cpu = gaps.cpu;
    story_.causes.reserve(GapStory::kMostCauses);  // note() hands out places in it
  }
  OpenGap(const OpenGap&) = delete;
  OpenGap& operator=(const OpenGap&) = delete;

  bool exists() const { return next_ < gaps_.size(); }
  bool is_over(std::uint64_t ticks) const { return exists() && ticks > end() + slack_; }
  /// Puts the event into the gap, if there is one then.
  void see(Moment& now) {
    now.in_gap = exists() && now.ticks + slack_ >= start();
    if (!now.in_gap) return;
    now.at = std::clamp(now.ticks, start(), end());
    if (story_.events++ == 0) {
      story_.first = now.ticks;
      timeline_.open(start());
    }
    story_.last = now.ticks;
  }

  /// The cause's place in the story, which stays until the gap is closed; nullptr where there is no
  /// gap or no place.
  Cause* note(CauseId id, const Moment& now);
  /// The same, but one that follows itself counts as one: nullptr.
  Cause* note_in_a_row(CauseId id, const Moment& now);
  /// nullptr: the story has no such cause.
  Cause* last_with(CauseId id);
  /// The causes that `sender` sent woke this task, unless they woke another one first.
  void woke(const Sender& sender, std::int32_t pid, CommId comm);

  // See GapTimeline. Nothing unless the event is in the gap.
  void enter(const Moment& now, CauseId id, bool interrupt) {
    if (now.in_gap) timeline_.enter(now.at, id, interrupt);
  }
  void rename(const Moment& since, CauseId id) {
    if (since.in_gap) timeline_.rename(id, since.ticks);
  }
  void become(const Moment& now, CauseId id) {
    if (now.in_gap) timeline_.become(now.at, id);
  }
  void leave(const Moment& now, bool interrupt) {
    if (now.in_gap) timeline_.leave(now.at, interrupt);
  }
  void stay(const Moment& now, CauseId id) {
    if (now.in_gap) timeline_.stay(now.at, id);
  }
  void ended(const Moment& now, std::uint64_t length, CauseId id) {
    if (now.in_gap) timeline_.ended(now.at, length, id);
  }
  void ran(const Moment& now, CauseId task) {
    if (now.in_gap) timeline_.ran(now.at, task);
  }
  void run(const Moment& now, CauseId task) {
    if (now.in_gap) timeline_.run(now.at, task);
  }
  /// An event of another CPU tells that `task` has this one since `ticks`.
  void runs_since(std::uint64_t ticks, CauseId task) {
    if (story_.events != 0) timeline_.run(std::min(ticks, end()), task);
  }
  bool in_context() const { return timeline_.in_context(); }
  CauseId innermost() const { return timeline_.innermost(); }

  /// Passes the gap's causes to `book(story, returned)`, see GapBook::add, and starts the next gap.
  template <class Book>
  void close(const Book& book) {
    story_.index = next_;
    story_.gap = gaps_[next_];
    const bool returned = !timeline_.in_context() && timeline_.innermost() == kNoCause;
    if (story_.events != 0) story_.slices = timeline_.close(end());
    book(story_, returned);
    next_gap();
  }

 private:
  std::uint64_t start() const { return gaps_[next_].start; }
  std::uint64_t end() const { return gaps_[next_].start + gaps_[next_].length; }
  void next_gap();

  std::span<const Gap> gaps_;
  const GapList* list_;
  std::size_t next_ = 0;
  std::uint64_t slack_;
  GapStory story_;
  GapTimeline timeline_;
};

}  // namespace isolab
