// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/open_gap.h"

namespace isolab {

Cause* OpenGap::note(CauseId id, const Moment& now) {
  if (!now.in_gap) return nullptr;
  auto& causes = story_.causes;
  if (causes.size() == GapStory::kMostCauses) {
    ++story_.more_causes;
    return nullptr;
  }
  auto& cause = causes.emplace_back();
  cause.id = id;
  cause.time = now.ticks;
  return &cause;
}

Cause* OpenGap::note_in_a_row(CauseId id, const Moment& now) {
  auto& causes = story_.causes;
  if (now.in_gap && story_.more_causes == 0 && !causes.empty() && causes.back().id == id) {
    ++causes.back().times;
    return nullptr;
  }
  return note(id, now);
}

Cause* OpenGap::last_with(CauseId id) {
  const auto found = std::find_if(story_.causes.rbegin(), story_.causes.rend(),
                                  [&](const Cause& cause) { return cause.id == id; });
  return found == story_.causes.rend() ? nullptr : &*found;
}

void OpenGap::woke(const Sender& sender, std::int32_t pid, CommId comm) {
  for (auto& cause : story_.causes)
    if (cause.sender.known() && cause.sender.sent == sender.sent && cause.woken_pid < 0)
      cause.woken_pid = pid, cause.woken = comm;
}

void OpenGap::next_gap() {
  story_.events = story_.first = story_.last = story_.more_causes = 0;
  story_.causes.clear();
  story_.slices.clear();
  story_.trigger = story_.main = kNoCause;
  story_.away = story_.late = 0;
  ++next_;
  if (list_ != nullptr && next_ % GapList::kBlock == 0) list_->release_below(next_);
}

}  // namespace isolab
