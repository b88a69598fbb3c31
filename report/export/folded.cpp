// SPDX-License-Identifier: Apache-2.0
#include "report/export/folded.h"

#include <fmt/format.h>

#include "analysis/metrics/emulation.h"
#include "report/export/trace_cmd.h"

namespace isolab {

std::string folded_frame(const std::string& name) {
  std::string out = name.empty() ? "?" : name;
  for (char& letter : out)
    if (letter == ';')
      letter = ':';
    else if (static_cast<unsigned char>(letter) < ' ' || letter == 0x7f)
      letter = '?';
  return out;
}

std::vector<std::string> flame_frames(const StolenStack& stack) {
  std::vector<std::string> frames{stack.arm, fmt::format("CPU {}", stack.cpu), stack.klass};
  if (!stack.cause.empty()) frames.push_back(stack.cause);
  if (!stack.sender.empty()) frames.push_back(stack.how + " by " + stack.sender);
  frames.insert(frames.end(), stack.frames.begin(), stack.frames.end());
  return frames;
}

Result<StolenTime> known_stolen_time(const Recording& recording,
                                     const std::vector<ClassRule>& own_rules,
                                     std::optional<int> window) {
  if (const auto why = emulation_of(recording.facts); !why.empty())
    return Error{ErrorKind::unsupported, "cannot weigh stacks by lost time: " + why,
                 "record on a real CPU or under KVM"};
  return stolen_time(recording, own_rules, window);
}

Result<FoldedSummary> export_folded(const Recording& recording, std::optional<int> window,
                                    OutputFile& out) {
  if (window) TRY(window_numbered(recording, *window));
  auto stolen = TRY(known_stolen_time(recording, {}, window));
  FoldedSummary summary;
  for (const auto& stack : stolen.stacks) {
    if (stack.ns == 0) continue;
    std::string line;
    for (const auto& frame : flame_frames(stack))
      line += (line.empty() ? "" : ";") + folded_frame(frame);
    TRY(out.write(fmt::format("{} {}\n", line, stack.ns)));
    ++summary.stacks;
    summary.ns += stack.ns;
  }
  summary.remarks = std::move(stolen.remarks);
  return summary;
}

}  // namespace isolab
