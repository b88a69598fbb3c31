// SPDX-License-Identifier: Apache-2.0
#include "import/oslat_words.h"

namespace isolab {

void end_oslat_bins(Distribution& column, std::uint64_t last_edge, std::uint64_t in_last) {
  column.upper_edges = true;
  if (in_last == 0) return;
  if (column.most && *column.most >= last_edge)
    column.set_overflow(in_last, last_edge);
  else if (!column.add(last_edge, in_last))
    column.set_overflow(in_last, last_edge);
}

void describe_oslat(const std::vector<Distribution>& columns, const std::string& file,
                    bool nanoseconds, ImportedData& out) {
  check_totals(columns, file, out);
  WindowRecord window = window_of(columns, "oslat", "gap", nanoseconds);
  window.probe.notes[std::string(kLacksNote) + missing::kTimeLost] =
      "oslat counts rounds by length: how much of a round was the loop's own is not in the file";
  out.cannot_tell.emplace_back("what interrupted the loop, and whether the CPUs were isolated");
  out.cannot_tell.emplace_back("when a gap came: no gap log");
  out.cannot_tell.emplace_back("lengths finer than its bins, which are named by their upper edges");
  out.cpus_why = "the CPUs of the file";
  out.windows.push_back({"", std::move(window)});
}

}  // namespace isolab
