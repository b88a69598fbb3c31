// SPDX-License-Identifier: Apache-2.0
#include "analysis/watch/cpu_shares.h"

#include <algorithm>

namespace isolab {

CpuShares::CpuShares(const EventTable& table, const TraceClock& clock, const WatchSpan& span)
    : table_(table), clock_(clock), begin_(clock.ticks(span.begin)) {
  for (const int cpu : span.cpus) current_[cpu] = {-1, begin_};
}

void CpuShares::add(const TraceEvent& event) {
  const auto found = current_.find(event.cpu);
  if (found == current_.end()) return;
  auto& [tid, since] = found->second;
  if (tid < 0) tid = event.pid();
  if (table_.role(event.id()) != EventRole::task_switch) return;
  const auto now = std::max(clock_.ticks(event.time), begin_);
  ticks_[event.cpu][tid] += now - since;
  tid = static_cast<std::int32_t>(table_.next_pid.as_signed(event));
  since = now;
}

void CpuShares::finish(std::uint64_t until) {
  const auto end = std::max(clock_.ticks(until), begin_);
  for (auto& [cpu, current] : current_)
    if (current.tid >= 0) ticks_[cpu][current.tid] += end - std::min(end, current.since);
}

}  // namespace isolab
