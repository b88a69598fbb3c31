// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/gap_timeline.h"

#include <algorithm>

namespace isolab {

void UsualDelay::settle() {
  before_ = usual(before_seen_);
  after_ = usual(after_seen_);
}

std::uint64_t UsualDelay::usual(std::vector<std::uint64_t> seen) {
  if (seen.empty()) return kUnknown;
  std::sort(seen.begin(), seen.end());
  return seen.size() < kFew ? seen.front() : seen[seen.size() / 2];
}

std::uint64_t UsualDelay::excess(std::uint64_t usual, std::uint64_t ticks, std::uint64_t least) {
  if (usual == kUnknown || ticks <= usual + std::max(least, 2 * usual)) return 0;
  return ticks - usual;
}

std::uint64_t UsualDelay::late_between(std::uint64_t ticks, std::uint64_t least) const {
  if (before_ == kUnknown || after_ == kUnknown) return 0;
  return excess(before_ + after_, ticks, least);
}

void GapTimeline::open(std::uint64_t start) {
  depth_ = 0;
  task_ = kNoCause;
  since_ = start;
  interrupt_ = false;
  slices_.clear();
}

CauseId GapTimeline::innermost() const { return depth_ > 0 ? contexts_[depth_ - 1].id : task_; }

void GapTimeline::append(CauseId id, std::uint64_t start, std::uint64_t length, bool interrupt) {
  if (!slices_.empty() && slices_.back().id == id && !interrupt) {
    slices_.back().length += length;
    return;
  }
  if (slices_.size() >= kMostSlices) {  // the order of that many is of no use, their time is
    const auto same = std::find_if(slices_.rbegin(), slices_.rend(),
                                   [&](const Slice& slice) { return slice.id == id; });
    if (same != slices_.rend()) {
      same->length += length;
      return;
    }
  }
  slices_.push_back({id, start, length, interrupt});
}

void GapTimeline::cut(std::uint64_t at) {
  if (at <= since_) return;
  append(innermost(), since_, at - since_, interrupt_);
  since_ = at;
  interrupt_ = false;
}

void GapTimeline::push(CauseId id, Context::Kind kind) {
  if (depth_ < kDeepest) contexts_[depth_++] = {id, kind};
}

void GapTimeline::enter(std::uint64_t at, CauseId id, bool interrupt) {
  cut(at);
  if (!ends_) depth_ = 0;
  interrupt_ = interrupt && depth_ == 0 && task_ == kNoCause;
  push(id, interrupt ? Context::interrupt : Context::softirq);
}

void GapTimeline::rename(CauseId id, std::uint64_t since) {
  if (depth_ == 0) return;
  const auto old = contexts_[depth_ - 1].id;
  contexts_[depth_ - 1].id = id;
  for (auto slice = slices_.rbegin(); slice != slices_.rend() && slice->start >= since; ++slice)
    if (slice->id == old) slice->id = id;
}

void GapTimeline::become(std::uint64_t at, CauseId id) {
  cut(at);
  if (depth_ > 0) contexts_[depth_ - 1].id = id;
}

void GapTimeline::leave(std::uint64_t at, bool interrupt) {
  cut(at);
  const auto kind = interrupt ? Context::interrupt : Context::softirq;
  auto depth = depth_;
  while (depth > 0 && contexts_[depth - 1].kind != kind) --depth;
  if (depth > 0) depth_ = depth - 1;
}

void GapTimeline::stay(std::uint64_t at, CauseId id) {
  if (depth_ > 0 && contexts_[depth_ - 1].id == id) return;
  cut(at);
  push(id, Context::stays);
}

void GapTimeline::ended(std::uint64_t at, std::uint64_t length, CauseId id) {
  const auto begin = std::max(since_, at - std::min(at, length));
  cut(begin);
  if (at <= begin) return;
  append(id, begin, at - begin, false);
  since_ = at;
}

void GapTimeline::run(std::uint64_t at, CauseId task) {
  cut(at);
  depth_ = 0;
  task_ = task;
}

void GapTimeline::ran(std::uint64_t at, CauseId task) {
  cut(at);
  for (auto& slice : slices_)
    if (slice.id == kNoCause) slice.id = task;
}

const std::vector<Slice>& GapTimeline::close(std::uint64_t end) {
  cut(end);
  depth_ = 0;
  task_ = kNoCause;
  return slices_;
}

namespace {

void add(std::vector<Slice>& out, CauseId id, std::uint64_t& start, std::uint64_t length) {
  if (length == 0) return;
  if (!out.empty() && out.back().id == id)
    out.back().length += length;
  else
    out.push_back({id, start, length, false});
  start += length;
}

}  // namespace

void book_slices(const std::vector<Slice>& slices, std::uint64_t sent, const DeliveryRules& rules,
                 std::vector<Slice>& out) {
  out.clear();
  const auto& usual = *rules.usual;
  CauseId last = rules.unnamed;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const auto& slice = slices[i];
    auto start = slice.start;
    if (slice.id != kNoCause) {
      last = slice.id;
      add(out, slice.id, start, slice.length);
      continue;
    }
    const bool is_last = i + 1 == slices.size();
    const auto next = is_last ? last : slices[i + 1].id;
    if (i == 0) {
      const auto late = sent != 0 ? std::min(slice.length, sent - std::min(sent, start))
                                  : usual.late_before(slice.length, rules.least);
      add(out, rules.late_before, start, late);
      add(out, next, start, slice.length - late);
    } else if (is_last) {
      const auto late = usual.late_after(slice.length, rules.least);
      add(out, last, start, slice.length - late);
      add(out, rules.late_after, start, late);
    } else {
      const auto late = slices[i + 1].interrupt ? usual.late_between(slice.length, rules.least) : 0;
      const auto after = late == 0 ? slice.length : usual.after();
      add(out, last, start, after);
      add(out, rules.late_between, start, late);
      add(out, next, start, slice.length - after - late);
    }
  }
}

}  // namespace isolab
