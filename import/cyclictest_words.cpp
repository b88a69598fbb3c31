// SPDX-License-Identifier: Apache-2.0
#include "import/cyclictest_words.h"

#include <fmt/format.h>

#include <algorithm>

namespace isolab {

Result<void> give_time(std::vector<Distribution>& columns, const std::string& file,
                       const ImportOptions& options) {
  if (!options.duration && !options.interval) return {};
  const bool known = std::any_of(columns.begin(), columns.end(),
                                 [](const Distribution& one) { return one.seconds > 0; });
  if (known)
    return Error{ErrorKind::usage, "cannot take another time for " + file + ": it says its own",
                 "leave out --duration and --interval"};
  for (auto& column : columns)
    column.seconds = options.duration ? static_cast<double>(options.duration->count()) / 1e9
                                      : static_cast<double>(options.interval->count()) / 1e9 *
                                            static_cast<double>(column.samples());
  return {};
}

void describe_cyclictest(const std::vector<Distribution>& columns, bool nanoseconds,
                         WindowRecord& window, ImportedData& out) {
  auto& notes = window.probe.notes;
  const std::string lacks = kLacksNote;
  out.cannot_tell.emplace_back("who delayed a wake-up, and whether the CPUs were isolated");
  notes[lacks + missing::kCorrected] =
      "the file does not say when a sample was taken, nor what a late "
      "one hid";
  out.cannot_tell.emplace_back("which wake-ups a late one hid (coordinated omission)");
  out.cannot_tell.push_back(fmt::format("anything finer than 1 {}: lengths are rounded down to it",
                                        nanoseconds ? "ns" : "us"));
  const bool timed = std::all_of(columns.begin(), columns.end(),
                                 [](const Distribution& one) { return one.seconds > 0; });
  if (timed) return;
  notes[lacks + missing::kTime] =
      "the file does not say how long was measured: --duration or "
      "--interval does";
  out.cannot_tell.emplace_back(
      "how long was measured, so no rate: --duration or --interval says it");
}

}  // namespace isolab
