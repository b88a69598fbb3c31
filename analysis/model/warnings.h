// SPDX-License-Identifier: Apache-2.0
// Everything the analysis warns of: one list, each with why it matters and what to do about it.
#pragma once

#include <string>

#include "base/records.h"

namespace isolab {

enum class WarningId {
  recording_incomplete,
  windows_left_out,
  probe_error,
  workload_error,
  self_check_failed,
  measured_not_isolated,
  hypervisor,
  emulated,
  smt_sibling,
  governor,
  unsteady_clock,
  gaps_dropped,
  steal,
  involuntary_switches,
  page_faults,
  few_repeats,
  short_exposure,
  repeats_disagree,
  no_idle_arm,
  expectation_mismatch,
  rows_disagree,
  counter_restarted,
  cpu_offline_at_edge,
  facts_changed,
  direct_map_split,
  heap_fallbacks,
  benchmark_debug_build,
  no_whole_round,
  operation_cut,
};

/// The warning with `seen`: what was seen, with its numbers.
Warning make_warning(WarningId id, std::string seen);

}  // namespace isolab
