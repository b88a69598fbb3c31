// SPDX-License-Identifier: Apache-2.0
#include "analysis/checks/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/metrics/interrupt_rows.h"
#include "analysis/metrics/ipis_per_op.h"
#include "analysis/metrics/rates.h"
#include "analysis/model/probe_data.h"
#include "analysis/model/windows.h"
#include "analysis/statistics/counts.h"
#include "base/counters.h"
#include "base/interrupts.h"

namespace isolab {
namespace {

constexpr int kFewRepeats = 3;
constexpr double kShortExposure = 600;  // CPU-seconds of one arm
constexpr double kBusyIdleArm = 0.25;   // of the housekeeping CPUs' time
constexpr double kMissedRate = 0.9;     // of what the profile names
constexpr double kAllowedWallPpm = 1;   // sum of rounds against wall time: 1e-6
constexpr double kAllowedDriftPpm = 5;
constexpr double kUnlikely = 0.001;  // of the repeats having one rate

const std::string& arm_name(const Recording& recording, const WindowRecord& window) {
  return recording.plan.arms[static_cast<std::size_t>(window.arm)].name;
}

double number_of(const ProbeCpu& cpu, const char* name) {
  const auto found = cpu.numbers.find(name);
  return found == cpu.numbers.end() || !std::isfinite(found->second) ? 0 : found->second;
}

double seconds_of(const WindowRecord& window, std::uint64_t ticks) {
  return static_cast<double>(window.probe.line.nanoseconds(ticks)) / 1e9;
}

void check_heard(const WindowRecord& window, const std::string& arm, WarningList& out) {
  for (const auto& cpu : window.probe.cpus) {
    if (!cpu.error.empty())
      out.add(make_warning(WarningId::probe_error, fmt::format("CPU {}: {}", cpu.cpu, cpu.error)),
              arm);
    if (cpu.gaps_dropped > 0)
      out.add(make_warning(WarningId::gaps_dropped,
                           fmt::format("CPU {}: {} gaps did not fit into the log of {}, which ends "
                                       "after {:.3g} of {:.3g} s",
                                       cpu.cpu, cpu.gaps_dropped, cpu.gaps.size(),
                                       seconds_of(window, logged_until(cpu) - cpu.start),
                                       seconds_of(window, cpu.end - cpu.start))),
              arm);
    if (const double back = number_of(cpu, "backward_steps"); back > 0)
      out.add(make_warning(
                  WarningId::self_check_failed,
                  fmt::format("CPU {}: the counter went backwards {:.0f} times", cpu.cpu, back)),
              arm);
    if (const double sum = number_of(cpu, "sum_error_ticks"); sum != 0)
      out.add(
          make_warning(
              WarningId::self_check_failed,
              fmt::format("CPU {}: the sum of the rounds differs from the window by {:.0f} ticks",
                          cpu.cpu, sum)),
          arm);
    if (const double wall = number_of(cpu, "wall_error_ppm"); std::abs(wall) > kAllowedWallPpm)
      out.add(
          make_warning(
              WarningId::self_check_failed,
              fmt::format("CPU {}: the sum of the rounds differs from the wall time by {:.2f} ppm",
                          cpu.cpu, wall)),
          arm);
    for (const auto& [name, value] : cpu.numbers)
      if (!std::isfinite(value))
        out.add(make_warning(WarningId::self_check_failed,
                             fmt::format("CPU {}: the probe's {} is {}", cpu.cpu, name, value)),
                arm);
    const auto counted = cpu.numbers.find("iterations");
    const double all = static_cast<double>(cpu.histogram.total());
    if (counted != cpu.numbers.end() && counted->second != all)
      out.add(make_warning(WarningId::self_check_failed,
                           fmt::format("CPU {}: {:.0f} rounds, but {:.0f} in the histogram",
                                       cpu.cpu, counted->second, all)),
              arm);
  }
}

void check_footprints(const WindowRecord& window, const std::string& arm, WarningList& out) {
  for (const auto& footprint : window.footprints) {
    if (footprint.involuntary_switches > 0)
      out.add(make_warning(WarningId::involuntary_switches,
                           fmt::format("CPU {}: the probe was preempted {} times", footprint.cpu,
                                       footprint.involuntary_switches)),
              arm);
    if (footprint.minor_faults + footprint.major_faults > 0)
      out.add(
          make_warning(WarningId::page_faults,
                       fmt::format("CPU {}: {} minor and {} major faults of the probe",
                                   footprint.cpu, footprint.minor_faults, footprint.major_faults)),
          arm);
  }
}

void check_work(const WindowRecord& window, const std::string& arm, WarningList& out) {
  for (const auto& work : window.work) {
    if (!work.error.empty())
      out.add(make_warning(WarningId::workload_error, work.workload + ": " + work.error), arm);
    if (const auto plain = work.at_end.find("fallbacks");
        plain != work.at_end.end() && plain->second > 0)
      out.add(make_warning(WarningId::heap_fallbacks,
                           fmt::format("{}: {} mappings fell back to plain memory", work.workload,
                                       plain->second)),
              arm);
    if (const auto cut = work.notes.find("operation_cut_at"); cut != work.notes.end())
      out.add(make_warning(WarningId::operation_cut,
                           fmt::format("{}: an operation was in progress at the {} of the window",
                                       work.workload, cut->second)),
              arm);
    const auto heap = work.notes.find("heap");
    if (heap != work.notes.end() && heap->second != "libc" &&
        !work.notes.contains("round_system_s"))
      out.add(make_warning(WarningId::no_whole_round,
                           fmt::format("{}: no round was completed", work.workload)),
              arm);
    for (const auto& [key, after] : work.notes) {
      if (!key.ends_with("_splits.after")) continue;
      const std::string name = key.substr(0, key.size() - 6);
      const auto before = work.notes.find(name + ".before");
      if (before != work.notes.end() && before->second != after)
        out.add(make_warning(WarningId::direct_map_split,
                             fmt::format("{}: {} grew from {} to {}", work.workload, name,
                                         before->second, after)),
                arm);
    }
  }
}

/// Whether the repeats of one arm can have had one rate; names what cannot.
void check_repeats(const ArmWindows& arm, const std::string& what,
                   const std::map<int, Counted>& by_repeat, WarningList& out) {
  std::vector<std::uint64_t> counts;
  std::vector<double> times;
  for (const auto& [repeat, part] : by_repeat) {
    counts.push_back(part.count);
    times.push_back(part.seconds);
  }
  const double likely = same_rate_probability(counts, times);
  if (likely >= kUnlikely) return;
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  out.add(make_warning(
              WarningId::repeats_disagree,
              fmt::format("{} between {} and {} in the repeats, a larger difference than by chance",
                          what, *least, *most)),
          arm.name);
}

}  // namespace

void WarningList::add(Warning warning, const std::string& arm) {
  const auto [place, is_new] = places_.try_emplace(warning, list_.size());
  if (is_new) list_.push_back({std::move(warning), {}, 0});
  auto& found = list_[place->second];
  ++found.times;
  if (!arm.empty() && std::find(found.arms.begin(), found.arms.end(), arm) == found.arms.end())
    found.arms.push_back(arm);
}

void add_recorded_warnings(const Recording& recording, WarningList& out) {
  for (const auto& warning : recording.manifest.warnings) out.add(warning, "");
  for (const auto& window : recording.windows)
    for (const auto& warning : window.warnings) out.add(warning, arm_name(recording, window));
}

namespace {

/// Load of others: isolab reads the trace on housekeeping CPUs, which takes a few percent.
void check_idle_arm(const Recording& recording, const ArmWindows& arm, WarningList& out) {
  double busy = 0, whole = 0;
  for (const auto* window : arm.windows)
    for (const auto& time : window->cpu_times) {
      if (!recording.plan.housekeeping.contains(time.cpu)) continue;
      const double used = time.user + time.system + time.irq + time.softirq + time.steal;
      busy += used;
      whole += used + time.idle;
    }
  if (busy > kBusyIdleArm * whole)
    out.add(make_warning(WarningId::idle_not_idle,
                         fmt::format("the housekeeping CPUs were {:.0f} % busy in the idle arm",
                                     100 * busy / whole)),
            arm.name);
}

void check_rates(const Recording& recording, const ArmWindows& arm, WarningList& out) {
  for (const auto& use : recording.plan.arms[static_cast<std::size_t>(arm.arm)].workloads) {
    const auto rate = use.params.find("rate");
    if (rate == use.params.end() || rate->second.size() != 1) continue;
    const auto wanted = parse_rate(rate->second.front());
    if (!wanted || wanted->unlimited) continue;
    double done = 0, seconds = 0;
    for (const auto* window : arm.windows)
      for (const auto& work : window->work) {
        const bool counted = !work.op_count.empty() || work.at_end.size() == 1;
        if (work.workload != use.name || !work.error.empty() || !counted) continue;
        done += static_cast<double>(operations_of(work));
        seconds += static_cast<double>(window->end_ns - window->begin_ns) / 1e9;
      }
    // Two operations may be in progress at the edges of a window.
    const double missing = wanted->per_second * seconds - done;
    if (done >= kMissedRate * wanted->per_second * seconds ||
        missing <= 2 * static_cast<double>(arm.windows.size()))
      continue;
    out.add(make_warning(WarningId::rate_missed,
                         fmt::format("{}: {:.3g} of {:.3g} operations per second", use.name,
                                     done / seconds, wanted->per_second)),
            arm.name);
  }
}

}  // namespace

void add_design_warnings(const Recording& recording, const std::vector<ArmWindows>& arms, int idle,
                         WarningList& out) {
  if (recording.manifest.status != "complete")
    out.add(make_warning(
                WarningId::recording_incomplete,
                fmt::format("the recording is \"{}\": {} of {} windows", recording.manifest.status,
                            recording.windows.size(), recording.plan.windows.size())),
            "");
  if (recording.manifest.imported) return;  // nothing was designed that could be made better
  if (idle < 0)
    out.add(make_warning(WarningId::no_idle_arm, "no idle arm was measured"), "");
  else
    check_idle_arm(recording, arms[static_cast<std::size_t>(idle)], out);
  for (const auto& arm : arms) check_rates(recording, arm, out);
  int fewest = recording.plan.repeats;
  double shortest = -1;
  for (const auto& arm : arms) {
    if (arm.windows.empty()) continue;
    fewest = std::min(fewest, static_cast<int>(arm.windows.size()));
    double seconds = 0;
    for (const auto& part : heard_on(arm, -1)) seconds += part.seconds();
    if (seconds > 0 && (shortest < 0 || seconds < shortest)) shortest = seconds;
  }
  if (fewest < kFewRepeats)
    out.add(make_warning(WarningId::few_repeats, fmt::format("an arm was measured {} time{}",
                                                             fewest, fewest == 1 ? "" : "s")),
            "");
  if (shortest >= 0 && shortest < kShortExposure)
    out.add(
        make_warning(WarningId::short_exposure,
                     fmt::format("the shortest observation time of an arm is {:.0f} CPU-seconds: "
                                 "events rarer than {:.3g} per CPU-hour may be missed",
                                 shortest, poisson_interval(0).upper * kHour / shortest)),
        "");
}

void add_window_warnings(const Recording& recording, WarningList& out) {
  for (const auto& window : recording.windows) {
    const auto& arm = arm_name(recording, window);
    if (!window_counts(window))
      out.add(make_warning(WarningId::windows_left_out,
                           fmt::format("repeat {}: {}", window.repeat + 1, window.status)),
              arm);
    check_heard(window, arm, out);
    check_footprints(window, arm, out);
    check_work(window, arm, out);
    double steal = 0;
    for (const auto& time : window.cpu_times)
      if (recording.plan.measured.contains(time.cpu)) steal += time.steal;
    if (steal > 0)
      out.add(make_warning(WarningId::steal,
                           fmt::format("{:.2f} s of steal time on measured CPUs", steal)),
              arm);
  }
}

void add_clock_warnings(const Recording& recording, WarningList& out) {
  const WindowRecord* worst = nullptr;
  const auto off = [](const WindowRecord& window) {
    return std::max(std::abs(window.probe.line.drift_ppm), window.probe.line.uncertainty_ppm);
  };
  for (const auto& window : recording.windows)
    if (worst == nullptr || off(window) > off(*worst)) worst = &window;
  if (worst != nullptr && off(*worst) > kAllowedDriftPpm)
    out.add(make_warning(
                WarningId::unsteady_clock,
                fmt::format("the counter's rate is uncertain by {:.1f} ppm and drifted {:.1f} ppm",
                            worst->probe.line.uncertainty_ppm, worst->probe.line.drift_ppm)),
            arm_name(recording, *worst));
}

namespace {

/// Rows of /proc/interrupts whose gain in the window is inferred or unknown.
void check_counters(const WindowRecord& window, const std::string& arm, const CpuSet& measured,
                    WarningList& out) {
  for (const int cpu : measured) {
    const auto absent = [&](const CounterRow& row) {
      return !row.before.contains(kWholeMachine) &&
             (!row.before.contains(cpu) || !row.after.contains(cpu));
    };
    if (std::any_of(window.interrupts.begin(), window.interrupts.end(), absent))
      out.add(
          make_warning(WarningId::cpu_offline_at_edge,
                       fmt::format("/proc/interrupts has no CPU {} at an edge of a window", cpu)),
          arm);
    for (const auto& row : window.interrupts) {
      const auto step = counter_step(row, cpu);
      const bool device = row.kind == "device";
      if (step != CounterStep::restarted && !(device && step == CounterStep::wrapped)) continue;
      out.add(make_warning(WarningId::counter_restarted,
                           fmt::format("{} fell from {} to {} on CPU {}: taken as {} ({} "
                                       "interrupts)",
                                       row_name(row), row.before.at(cpu), row.after.at(cpu), cpu,
                                       step == CounterStep::wrapped ? "a wrap of 32 bits"
                                                                    : "restarted from zero",
                                       row.gained(cpu))),
              arm);
    }
  }
}

}  // namespace

void add_row_warnings(const std::vector<ArmWindows>& arms, const CpuSet& measured,
                      WarningList& out) {
  for (const auto& arm : arms) {
    std::map<std::string, std::map<int, Counted>> per_row;
    for (const auto* window : arm.windows) {
      check_counters(*window, arm.name, measured, out);
      const auto counts = row_counts(*window, measured, -1);
      for (const char* row : {"function_call", "tlb", "reschedule"}) {
        const auto found = counts.find(row);
        if (found == counts.end()) continue;
        for (const auto& part : found->second) {
          per_row[row][part.repeat].count += part.count;
          per_row[row][part.repeat].seconds += part.seconds;
        }
      }
      const auto calls = counts.find("function_call");
      const auto tlb = counts.find("tlb");
      if (calls == counts.end() || tlb == counts.end()) continue;
      if (calls->second.size() != tlb->second.size())
        continue;  // a CPU does not have one of the rows
      for (std::size_t i = 0; i < tlb->second.size(); ++i)
        if (tlb->second[i].count > calls->second[i].count)
          out.add(make_warning(
                      WarningId::rows_disagree,
                      fmt::format(
                          "{} TLB shootdowns but only {} function call interrupts, of which they "
                          "are a part",
                          tlb->second[i].count, calls->second[i].count)),
                  arm.name);
    }
    std::map<int, Counted> gaps;
    for (const auto& part : heard_on(arm, -1)) {
      if (part.seconds() <= 0 || !part.unknown_over(10'000).empty()) continue;
      gaps[part.repeat()].count += part.count_over(10'000);
      gaps[part.repeat()].seconds += part.seconds();
    }
    for (const auto& [row, repeats] : per_row)
      check_repeats(arm, row + " interrupts", repeats, out);
    check_repeats(arm, "gaps over 10 us", gaps, out);
  }
}

namespace {

/// Flushes were expected to be IPIs and next to none arrived.
bool flushes_without_ipi(const IpisPerOp& one) {
  constexpr double kNone = 0.01;  // of what was expected
  return one.source.starts_with("one IPI ") && one.measured < kNone * one.expected;
}

}  // namespace

void add_expectation_warnings(const std::vector<IpisPerOp>& all, WarningList& out) {
  for (const auto& operation : all)
    if (operation.differs)
      out.add(
          make_warning(
              WarningId::expectation_mismatch,
              fmt::format(
                  "{}: {:.3g} {} interrupts per operation on a measured CPU, {:.3g} expected{}",
                  operation.workload, operation.measured, operation.row, operation.expected,
                  flushes_without_ipi(operation) ? "; flushes without an IPI are broadcast by the "
                                                   "hardware or the hypervisor, not deferred"
                                                 : "")),
          operation.arm);
}

}  // namespace isolab
