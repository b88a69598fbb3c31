// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/gap_book.h"

#include <algorithm>

namespace isolab {

namespace {

constexpr std::size_t kMostHeld = 4096;
constexpr std::uint64_t kLeastLateUs = 5;

}  // namespace

void GapBook::add(GapStory& story, bool returned) {
  if (settled_) return book(story);
  learn(story, returned);
  held_.push_back(story);
  if (usual_.is_enough() || held_.size() >= kMostHeld) settle();
}

void GapBook::learn(const GapStory& story, bool returned) {
  const auto& slices = story.slices;
  if (slices.size() < 2) return;
  if (returned && slices.back().id == kNoCause) usual_.add_after(slices.back().length);
  if (slices.front().id == kNoCause && slices[1].interrupt &&
      trace_.sent_before(story) <= story.gap.start)
    usual_.add_before(slices.front().length);
}

void GapBook::settle() {
  usual_.settle();
  settled_ = true;
  for (auto& story : held_) book(story);
  held_ = {};
}

void GapBook::book(GapStory& story) {
  const auto length = story.gap.length;
  ++counts_.gaps;
  counts_.gap_ticks += length;
  const bool over_1us = length > microsecond_;
  if (over_1us) ++counts_.gaps_over_1us;
  if (story.events == 0) {
    counts_.silent.push_back(story.index);
  } else {
    book_times(story);
    const bool late = trace_.names[story.trigger].kind == CauseKind::late_delivery;
    if (!late) {
      ++counts_.explained;
      if (over_1us) ++counts_.explained_over_1us;
    }
    if (story.late != 0)
      counts_.late.push_back({static_cast<std::uint32_t>(story.index), story.late, late});
    counts_.explained_ticks += length - story.late;
    counts_.late_ticks += story.late;
    counts_.away_ticks += story.away;
    counts_.before_ticks += story.before();
    counts_.traced_ticks += story.traced();
    counts_.after_ticks += story.after();
    if (story.causes.size() > 1) ++counts_.two_causes;
  }
  if (trace_.on_gap) trace_.on_gap(story);
}

/// The time of the slices on their causes, and the gap on its first.
void GapBook::book_times(GapStory& story) {
  const auto& known = trace_.known;
  const DeliveryRules rules{&usual_,           kLeastLateUs * microsecond_,
                            known.late_before, known.late_between,
                            known.late_after,  known.unnamed};
  book_slices(story.slices, trace_.sent_before(story), rules, booked_);
  story.slices.swap(booked_);
  shares_.clear();
  for (const auto& slice : story.slices) {
    const auto same = std::find_if(shares_.begin(), shares_.end(),
                                   [&](const auto& share) { return share.first == slice.id; });
    if (same == shares_.end())
      shares_.emplace_back(slice.id, slice.length);
    else
      same->second += slice.length;
  }
  story.away = story.late = 0;
  std::uint64_t most = 0;
  for (const auto& [id, ticks] : shares_) {
    counts_.tally(id, story.gap.start).add_part(ticks);
    const auto kind = trace_.names[id].kind;
    if (kind == CauseKind::other_task) story.away += ticks;
    if (kind == CauseKind::late_delivery) story.late += ticks;
    if (ticks > most) most = ticks, story.main = id;
  }
  story.trigger = story.slices.empty() ? known.unnamed : story.slices.front().id;
  ++counts_.tally(story.trigger, story.gap.start).gaps;
}

}  // namespace isolab
