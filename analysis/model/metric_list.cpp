// SPDX-License-Identifier: Apache-2.0
#include "analysis/model/metric_list.h"

#include <algorithm>
#include <initializer_list>

#include <fmt/format.h>

#include <algorithm>

namespace isolab {
namespace {

bool among(const std::string& name, std::initializer_list<const char*> names) {
  return std::any_of(names.begin(), names.end(), [&](const char* one) { return name == one; });
}

constexpr const char* kPerCpuHour = "1/(CPU h)";

using Labels = std::vector<std::string>;
const Labels kPerCpu{"arm", "cpu"};
const Labels kPerRow{"arm", "cpu", "row"};

void add_lengths(std::vector<MetricInfo>& out, const std::string& prefix, const std::string& what,
                 const std::string& sample) {
  for (const auto& one : kPercentiles)
    out.push_back(
        {fmt::format("{}_{}", prefix, one.word), "us", Direction::lower_is_better,
         fmt::format(
             "{} % of {} are at most this long (1.6 % wide buckets, upper edge); given only "
             "where 10 samples lie beyond",
             one.shown + 1, sample),
         kPerCpu});
  out.push_back({prefix + "_max", "us", Direction::lower_is_better,
                 "the longest " + what + " seen in the exposure given with it", kPerCpu});
}

void add_counts(std::vector<MetricInfo>& out, const std::string& prefix, const std::string& what) {
  for (const int threshold : kThresholdsUs)
    out.push_back(
        {fmt::format("{}_over_{}us", prefix, threshold), kPerCpuHour, Direction::lower_is_better,
         fmt::format("{} longer than {} us, per hour of one CPU", what, threshold), kPerCpu});
}

void add_trace(std::vector<MetricInfo>& out) {
  const auto lower = Direction::lower_is_better, higher = Direction::higher_is_better,
             none = Direction::none;
  const Labels per_cause{"arm", "cpu", "class", "callback"};
  out.push_back({"explained_gaps", "%", higher,
                 "share of the gaps over 1 us in which the trace shows a kernel event", kPerCpu});
  out.push_back({"explained_time", "%", higher,
                 "share of the time lost in gaps in which the trace shows a kernel event",
                 kPerCpu});
  out.push_back({"outside_kernel_time", "%", none,
                 "share of the lost time in gaps without kernel event that keep to a period",
                 kPerCpu});
  out.push_back({"unexplained_time", "%", lower,
                 "share of the lost time in gaps without kernel event and without period",
                 kPerCpu});
  out.push_back({"unexplained_gaps", "%", lower,
                 "share of the logged gaps without kernel event and without period", kPerCpu});
  out.push_back({"callbacks_joined", "%", higher,
                 "share of the remote callbacks whose sender is known", kPerCpu});
  out.push_back({"calls_queued", kPerCpuHour, lower,
                 "remote calls queued to a measured CPU (CSD enqueues); several may share one IPI",
                 per_cause});
  out.push_back({"interruptions", kPerCpuHour, lower,
                 "callbacks run for other CPUs, reschedule IPIs, ticks ... by class", per_cause});
  out.push_back({"interruption_time", "us/s", lower,
                 "time per second of the gaps it triggered, without other tasks' time", per_cause});
  out.push_back({"deferrable_interruptions", "%", none,
                 "share of the explained gaps whose trigger could wait for the next kernel entry",
                 kPerCpu});
  out.push_back(
      {"deferrable_time", "%", none,
       "share of the lost time in gaps whose trigger could wait for the next kernel entry",
       kPerCpu});
  out.push_back({"trace_effect_length",
                 "%",
                 lower,
                 "median of the gaps over 1 us with the trace, against without it",
                 {"arm"}});
  out.push_back({"trace_effect_count",
                 "%",
                 lower,
                 "gaps over 1 us per second with the trace, against without it",
                 {"arm"}});
}

void add_page_costs(std::vector<MetricInfo>& out) {
  const auto lower = Direction::lower_is_better;
  const auto none = Direction::none;
  const Labels per_workload{"arm", "workload"};
  const Labels compared{"arm", "control", "workload"};
  const std::string each = "; median of the repeats, exact interval from 6 of them";
  out.push_back({"round_system_time", "s", lower,
                 "system time of one whole round of a kernel build" + each, per_workload});
  out.push_back({"round_user_time", "s", lower, "its user time" + each, per_workload});
  out.push_back({"round_elapsed_time", "s", lower, "its duration" + each, per_workload});
  out.push_back({"pages_per_round", "1", none,
                 "pages of the compilers' preloaded heap touched in a round" + each, per_workload});
  out.push_back({"time_per_page", "us", lower, "time direct_map took to touch a fresh page" + each,
                 per_workload});
  out.push_back(
      {"system_time_ratio", "1", lower,
       "system time of a round on secret memory to that of the control in the same repeat" + each,
       compared});
  out.push_back({"user_time_ratio", "1", lower, "the same of user time" + each, compared});
  out.push_back({"elapsed_time_ratio", "1", lower, "the same of the duration" + each, compared});
  out.push_back({"time_per_page_ratio", "1", lower,
                 "time per page on secret memory to that of the control" + each, compared});
  out.push_back({"cost_per_page", "us", lower,
                 "what a page out of the direct map takes longer than one of the control" + each,
                 compared});
}

std::vector<MetricInfo> make_list() {
  std::vector<MetricInfo> out;
  const auto lower = Direction::lower_is_better;
  const auto none = Direction::none;

  add_counts(out, "gaps", "holes in a busy loop's time");
  add_lengths(out, "gap", "hole", "the loop's rounds");
  out.push_back({"time_lost", "us/s", lower,
                 "time per second that holes longer than the probe's threshold took from the loop",
                 kPerCpu});
  add_counts(out, "wakeups", "wake-ups late by");
  add_lengths(out, "wakeup", "delay of a wake-up", "the wake-ups");
  add_lengths(out, "wakeup_corrected", "delay of a wake-up, with those that a late one hid,",
              "the wake-ups that should have been");
  out.push_back({"missed_periods", kPerCpuHour, lower,
                 "timer periods that passed without a wake-up", kPerCpu});

  out.push_back({"interrupts_per_second", "1/s", lower,
                 "how often a row of /proc/interrupts or /proc/softirqs grew on a measured CPU",
                 kPerRow});
  out.push_back({"interrupts_over_idle", "1/s", lower,
                 "the same, less the rate of the idle arm (interval: MOVER)", kPerRow});
  out.push_back(
      {"ipis_per_op",
       "1",
       lower,
       "IPIs that reached each measured CPU per operation of a workload, less the idle arm's rate",
       {"arm", "cpu", "row", "workload"}});
  out.push_back(
      {"ipis_per_op_expected",
       "1",
       none,
       "what the workload's descriptor expects on this architecture, and one flush for each "
       "split of the direct map counted in the window (n)",
       {"arm", "row", "workload"}});

  out.push_back({"work_per_second",
                 "1/s",
                 Direction::higher_is_better,
                 "work done in the window",
                 {"arm", "workload", "count"}});
  out.push_back({"workload_user_time",
                 "s",
                 none,
                 "user time of a workload's processes in their whole life, per window",
                 {"arm", "workload"}});
  out.push_back({"workload_system_time",
                 "s",
                 none,
                 "system time of a workload's processes in their whole life, per window",
                 {"arm", "workload"}});
  out.push_back(
      {"cpu_time",
       "%",
       none,
       "share of the window a CPU spent in a state, by /proc/stat (clock-tick resolution); cpu "
       "\"housekeeping\" is the mean of those",
       {"arm", "cpu", "state"}});

  out.push_back({"footprint",
                 "1/window",
                 lower,
                 "context switches and page faults of the probe's own thread, per window",
                 {"arm", "cpu", "count"}});
  out.push_back({"loop_floor", "ns", lower,
                 "an undisturbed round of the busy loop; no shorter gap is seen", kPerCpu});
  out.push_back({"counter_tick", "ns", lower,
                 "one tick of the counter that the busy loop reads; no time is known finer",
                 kPerCpu});
  out.push_back({"loop_iterations", "1", none, "rounds of the busy loop", kPerCpu});
  out.push_back({"gaps_dropped", "1", lower,
                 "gaps the log had no room for (the histogram has them)", kPerCpu});
  out.push_back({"wall_error", "ppm", lower,
                 "largest difference between the sum of all rounds and CLOCK_MONOTONIC_RAW",
                 kPerCpu});
  out.push_back(
      {"clock_drift",
       "ppm",
       lower,
       "largest difference between the counter's rate in the first and second half of a window",
       {"arm"}});
  add_page_costs(out);
  out.push_back({"benchmark_time",
                 "ns",
                 lower,
                 "time of one iteration of an attached benchmark; median of its repetitions, of "
                 "several files of the files' medians",
                 {"arm", "benchmark", "case"}});
  out.push_back({"benchmark_counter",
                 "1",
                 none,
                 "what that benchmark counted itself",
                 {"arm", "benchmark", "case", "counter"}});
  add_trace(out);
  return out;
}

}  // namespace

const char* to_string(Direction direction) {
  switch (direction) {
    case Direction::lower_is_better: return "lower_is_better";
    case Direction::higher_is_better: return "higher_is_better";
    case Direction::none: return "none";
  }
  return "none";
}

const std::vector<MetricInfo>& all_metrics() {
  static const std::vector<MetricInfo> kList = make_list();
  return kList;
}

const MetricInfo* find_metric_info(std::string_view name) {
  const auto& list = all_metrics();
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == name; });
  return found == list.end() ? nullptr : &*found;
}

Statistic statistic_of(const MetricInfo& metric) {
  const auto& name = metric.name;
  if (among(name,
            {"loop_floor", "counter_tick", "loop_iterations", "gaps_dropped", "wall_error",
             "clock_drift", "footprint", "explained_gaps", "explained_time", "outside_kernel_time",
             "unexplained_time", "unexplained_gaps", "callbacks_joined", "trace_effect_length",
             "trace_effect_count", "interrupts_over_idle", "ipis_per_op_expected"}))
    return Statistic::own;
  if (name.ends_with("_max")) return Statistic::maximum;
  if (name == "interruption_time") return Statistic::shown;  // judged by count and by time_lost
  if (metric.unit == "1/(CPU h)" || name == "interrupts_per_second") return Statistic::count;
  if (among(name, {"workload_user_time", "workload_system_time", "ipis_per_op"}))
    return Statistic::value;
  return metric.direction == Direction::none ? Statistic::shown : Statistic::value;
}

const char* to_string(Statistic statistic) {
  switch (statistic) {
    case Statistic::value: return "value";
    case Statistic::count: return "count";
    case Statistic::maximum: return "maximum";
    case Statistic::shown: return "shown";
    case Statistic::own: return "own";
  }
  return "own";
}

}  // namespace isolab
