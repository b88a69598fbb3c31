// SPDX-License-Identifier: Apache-2.0
#include "analysis/model/warnings.h"

#include <utility>

namespace isolab {
namespace {

struct Text {
  const char* id;
  const char* matters;
  const char* advice;
};

/// Worded for one who decides whether to believe the numbers.
Text text_of(WarningId id) {
  switch (id) {
    case WarningId::recording_incomplete:
      return {"recording_incomplete", "arms may be missing or have fewer repeats than planned",
              "run the profile again to its end"};
    case WarningId::windows_left_out:
      return {"windows_left_out", "what they heard is in the recording but in none of the numbers",
              "read the reason; run again if it is not what you wanted to see"};
    case WarningId::probe_error:
      return {"probe_error", "that CPU's data is in none of the numbers",
              "fix what is named and run again"};
    case WarningId::workload_error:
      return {"workload_error", "the arm's disturbance was not what its name says",
              "see the workload's log in the recording"};
    case WarningId::self_check_failed:
      return {"self_check_failed",
              "the probe's time does not add up, so no gap length can be trusted",
              "check the clocksource and the firmware; do not use these numbers"};
    case WarningId::measured_not_isolated:
      return {"measured_not_isolated",
              "the scheduler may run anything there: gaps are the load's as much as the kernel's",
              "boot with isolcpus=/nohz_full=/rcu_nocbs= or make an isolated cpuset partition"};
    case WarningId::emulated:
      return {"emulated",
              "counts are the real kernel's; its times are the emulator's and are not given",
              "measure times on the machine itself"};
    case WarningId::hypervisor:
      return {"hypervisor",
              "the host takes the CPU away unseen; a gap may have nothing to do with this kernel",
              "compare arms with each other, not with a limit; measure latencies on bare metal"};
    case WarningId::smt_sibling:
      return {"smt_sibling", "what runs on the sibling slows the loop down without interrupting it",
              "switch SMT off, or keep the sibling idle or offline"};
    case WarningId::governor:
      return {"governor", "a CPU that changes its frequency stretches every gap by that factor",
              "use the performance governor"};
    case WarningId::unsteady_clock:
      return {"unsteady_clock",
              "lengths are off by that much; more than 5 ppm means an unsteady counter",
              "check that the clocksource is tsc and that no hypervisor migrates the guest"};
    case WarningId::gaps_dropped:
      return {"gaps_dropped",
              "what is said of causes, of unexplained and deferrable time and of spikes covers the "
              "time until the log was full; counts and time lost cover the whole window, from the "
              "histogram (1.6 % coarse)",
              "raise the probe's log_capacity or threshold"};
    case WarningId::steal:
      return {"steal", "the hypervisor ran something else: these gaps are not the kernel's",
              "give the guest's CPUs dedicated host CPUs"};
    case WarningId::involuntary_switches:
      return {"involuntary_switches",
              "another task ran on the measured CPU; its time is in the gaps",
              "find it with `isolab check` or a scheduler trace; isolate the CPU"};
    case WarningId::page_faults:
      return {"page_faults",
              "each is a gap that the probe caused, or that someone caused to its memory",
              "look at NUMA balancing, KSM and compaction settings"};
    case WarningId::few_repeats:
      return {"few_repeats", "differences between arms may be drift of the machine",
              "set design.repeats to 3 or more; 6 for a comparison of kernels"};
    case WarningId::short_exposure:
      return {"short_exposure",
              "rare events have not been seen, which is not the same as not there",
              "raise design.measure; the upper bounds tell how rare is rare"};
    case WarningId::repeats_disagree:
      return {"repeats_disagree",
              "events come in bursts or the machine drifted: the intervals are too narrow",
              "judge by the spread of the repeats; use more of them"};
    case WarningId::no_idle_arm:
      return {"no_idle_arm", "nothing tells the arms' disturbance from the machine's own",
              "add an arm without workloads and settings"};
    case WarningId::expectation_mismatch:
      return {
          "expectation_mismatch",
          "this kernel behaves differently from those the number was taken on",
          "often that is the finding: check that the workload did its work, then compare kernels"};
    case WarningId::rows_disagree:
      return {"rows_disagree",
              "a kernel counter contradicts another, so rates of these rows are doubtful",
              "report the kernel version with the recording"};
    case WarningId::counter_restarted:
      return {"counter_restarted",
              "a device's row counts in 32 bits and starts again when its interrupt is requested "
              "again: which of the two happened is inferred from the size of the step",
              "do not use the row's rate if the device was rebound or reconfigured in the window"};
    case WarningId::cpu_offline_at_edge:
      return {"cpu_offline_at_edge",
              "its interrupt counts in that window are unknown and in none of the rates",
              "keep measured CPUs online, or read the per-CPU trace instead"};
    case WarningId::facts_changed:
      return {"facts_changed", "the machine after the run is not the machine before it",
              "check who changed it; compare only runs with equal facts"};
    case WarningId::direct_map_split:
      return {"direct_map_split",
              "the kernel's own mapping stays in smaller pages until reboot: more TLB misses "
              "everywhere",
              "reboot before measuring anything else that is sensitive to the TLB"};
    case WarningId::heap_fallbacks:
      return {"heap_fallbacks", "part of the compilers' memory was not of the kind the arm names",
              "allow more locked memory (ulimit -l) and look for lack of memory; run again"};
    case WarningId::benchmark_debug_build:
      return {
          "benchmark_debug_build", "times of an unoptimised build are not those of the code",
          "build Google Benchmark and the benchmark with CMAKE_BUILD_TYPE=Release, run it again"};
    case WarningId::no_whole_round:
      return {"no_whole_round",
              "a round's time is known at its end only, so this window says nothing of it",
              "raise design.measure above the longest round, or build a smaller target"};
    case WarningId::operation_cut:
      return {
          "operation_cut",
          "part of that operation's interrupts was counted outside the window, or the operation "
          "itself was: interrupts per operation are off by up to one operation",
          "raise design.measure, or choose parameters that make an operation shorter"};
  }
  return {"", "", ""};
}

}  // namespace

Warning make_warning(WarningId id, std::string seen) {
  const Text text = text_of(id);
  return {text.id, std::move(seen), text.matters, text.advice};
}

}  // namespace isolab
