// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/sender_row.h"

#include <algorithm>
#include <iterator>

namespace isolab {

namespace {

/// The function of the work item in a stack: it is called by process_one_work (kernel/workqueue.c).
std::string work_in_stack(const std::vector<std::string>& frames) {
  const auto caller = std::find_if(frames.begin(), frames.end(), [](const std::string& frame) {
    return frame.starts_with("process_one_work");
  });
  if (caller == frames.begin() || caller == frames.end()) return {};
  return std::prev(caller)->substr(0, std::prev(caller)->find('+'));
}

std::string handler_name(CauseId id, const Attribution& from) {
  if (id == kNoCause) return {};
  const auto& name = from.names()[id];
  return name.klass + " " + name.what;
}

}  // namespace

SenderRow sender_row(const Sender& sender, const Attribution& from) {
  SenderRow row;
  row.comm = from.comms().name(sender.comm);
  row.cpu = sender.cpu, row.pid = sender.pid;
  row.frames = from.names().frames(sender.stack, sender.callsite);
  row.context = sender.context;
  row.within = handler_name(sender.within, from);
  for (const auto& origin : sender.origins) {
    if (origin.kind == OriginKind::none) break;
    row.origins.push_back({origin.kind, from.names().function(origin.function),
                           origin.pid < 0 ? std::string() : from.comms().name(origin.comm),
                           origin.cpu, origin.pid, handler_name(origin.within, from)});
  }
  // The stack names what the item's function jumped to at its end, where it did.
  if (!row.origins.empty() && row.origins[0].kind == OriginKind::work)
    row.work = row.origins[0].function;
  else
    row.work = work_in_stack(row.frames);
  return row;
}

}  // namespace isolab
