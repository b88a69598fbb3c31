// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/tallies.h"

#include <algorithm>

namespace isolab {

void CauseTally::add_sender(const Sender& sender) {
  auto& group = senders[SenderKey(sender)];
  if (group.count++ == 0) group.example = sender;
  if (group.example.pid != sender.pid || group.count == 1) group.pids.insert(sender.pid);
}

void CauseTally::add_part(std::uint64_t part_ticks) {
  ticks += part_ticks;
  ++parts;
  if (!lengths) lengths = std::make_unique<Histogram>();
  lengths->add(part_ticks);
  longest = std::max(longest, part_ticks);
}

CauseTally& CpuAttribution::tally(CauseId id, std::uint64_t ticks) {
  if (id >= causes.size()) causes.resize(std::max<std::size_t>(id + std::size_t{1}, 32));
  auto& cause = causes[id];
  if (cause.first == 0 || ticks < cause.first) cause.first = ticks;
  cause.last = std::max(cause.last, ticks);
  return cause;
}

}  // namespace isolab
