// SPDX-License-Identifier: Apache-2.0
#include "cli/machine_text.h"

#include <fmt/format.h>

#include "host/readiness/readiness.h"
#include "report/text/format.h"

namespace isolab {
namespace {

bool unknown(const std::string& value) {
  return value.starts_with("unknown: ") || value.starts_with("not applicable");
}

/// Facts that change without any action.
bool moves(const std::string& key) {
  return key == "memory.available_bytes" || key == "memory.swap_bytes" ||
         key.starts_with("software.");
}

}  // namespace

std::string render_machine(const std::string& name, const Recording& recording,
                           const Machine& machine) {
  std::string different;
  int compared = 0, differ = 0, skipped = 0;
  for (const auto& [key, recorded] : recording.facts) {
    const auto found = machine.facts.all.find(key);
    if (found == machine.facts.all.end() || moves(key) || unknown(recorded) ||
        unknown(found->second)) {
      ++skipped;
      continue;
    }
    ++compared;
    if (found->second == recorded) continue;
    ++differ;
    different += wrapped(fmt::format("  {:<34} ", key), 37,
                         fmt::format("recorded: {}; there: {}", recorded, found->second));
  }
  std::string out = fmt::format(
      "\nmachine {}: {} of {} facts differ from the recorded machine's; {} cannot be "
      "compared\n{}",
      name, differ, compared, skipped, different);
  out +=
      fmt::format("\nwhat isolab check finds there for CPU {}\n", recording.plan.measured.list());
  for (const auto& finding :
       check_readiness(*machine.files, machine.facts, recording.plan.measured)) {
    if (finding.level != ReadinessLevel::problem && finding.level != ReadinessLevel::advice)
      continue;
    out += wrapped(fmt::format("  {:<9}", to_string(finding.level)), 11,
                   finding.subject + ": " + finding.seen);
  }
  return out;
}

}  // namespace isolab
