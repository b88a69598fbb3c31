// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/effect_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/metrics/cpu_time.h"
#include "analysis/metrics/interrupt_rows.h"
#include "analysis/model/metric_list.h"
#include "analysis/model/probe_data.h"
#include "base/warnings.h"
#include "trace/read/meta.h"

namespace isolab {
namespace {

constexpr double kStatTicks = 100;  // /proc/stat counts in 10 ms (USER_HZ)

class Collector {
 public:
  Collector(const ArmWindows& arm, const CpuSet& measured) : arm_(arm), measured_(measured) {}

  EffectRows take(const Interruptions& interruptions) {
    for (const auto& heard : heard_on(arm_, -1))
      if (measured_.contains(heard.cpu().cpu)) add_gaps(heard);
    for (const auto* window : arm_.windows) {
      add_counters(*window);
      add_times(*window);
    }
    out_.trace_problem = problem_of(interruptions);
    if (out_.trace_problem.empty())
      for (const auto& cpu : interruptions.cpus)
        if (cpu.arm == arm_.name && cpu.exposure_s > 0) add_causes(cpu);
    return std::move(out_);
  }

 private:
  void add(EffectTable table, const std::string& row, int cpu, int window, EffectPart part) {
    for (const int row_cpu : {cpu, -1}) {
      if (row_cpu >= 0 && measured_.count() == 1) continue;
      auto& sum = out_.rows[{table, row, row_cpu}][window];
      sum.amount += part.amount, sum.squares += part.squares, sum.seconds += part.seconds;
    }
  }
  void saw(EffectTable table, int cpu, int window, double seconds) {
    out_.seen[{table, cpu}][window] += seconds;
    out_.seen[{table, -1}][window] += seconds;
  }

  void add_gaps(const Heard& heard) {
    const auto& cpu = heard.cpu();
    const int window = heard.repeat();
    const double seconds = heard.seconds();
    saw(EffectTable::gaps, cpu.cpu, window, seconds);
    for (const int us : kThresholdsUs)
      if (heard.unknown_over(static_cast<std::uint64_t>(us) * 1000).empty())
        add(EffectTable::gaps, fmt::format("over {} us", us), cpu.cpu, window,
            {static_cast<double>(heard.count_over(static_cast<std::uint64_t>(us) * 1000)), 0,
             seconds});
    if (const auto missed = cpu.numbers.find("missed_periods"); missed != cpu.numbers.end())
      add(EffectTable::gaps, "missed periods", cpu.cpu, window, {missed->second, 0, seconds});
    if (arm_.windows.front()->probe.kind != "gap") return;
    saw(EffectTable::time_lost, cpu.cpu, window, seconds);
    add(EffectTable::time_lost, "time lost", cpu.cpu, window,
        {heard.lost_seconds() * 1e6, squares(heard), seconds});
  }

  static double squares(const Heard& heard) {
    const auto& cpu = heard.cpu();
    double sum = 0;
    const auto add = [&](double us, double times) { sum += us * us * times; };
    if (cpu.gaps_dropped == 0) {
      cpu.gaps.for_each([&](const Gap& gap) { add(heard.microseconds(gap.length), 1); });
      return sum;
    }
    for (std::size_t i = Histogram::bucket_of(cpu.threshold) + 1; i < Histogram::kBuckets; ++i)
      if (const auto times = cpu.histogram.count_at(i); times != 0)
        add(heard.microseconds(Histogram::highest(i)), static_cast<double>(times));
    return sum;
  }

  void add_counters(const WindowRecord& window) {
    const double seconds = window_seconds(window);
    for (const int cpu : measured_) {
      if (!window.interrupts.empty()) saw(EffectTable::interrupts, cpu, window.repeat, seconds);
      if (!window.softirqs.empty()) saw(EffectTable::softirqs, cpu, window.repeat, seconds);
      for (const auto& [row, parts] : row_counts(window, measured_, cpu))
        for (const auto& part : parts)
          add(row.starts_with("softirq ") ? EffectTable::softirqs : EffectTable::interrupts, row,
              cpu, window.repeat, {static_cast<double>(part.count), 0, part.seconds});
    }
  }

  void add_times(const WindowRecord& window) {
    for (const auto& time : window.cpu_times) {
      if (!measured_.contains(time.cpu)) continue;
      saw(EffectTable::cpu_time, time.cpu, window.repeat, window_seconds(window));
      for (const auto& state : kCpuStates)
        add(EffectTable::cpu_time, state.name, time.cpu, window.repeat,
            {time.*state.seconds * kStatTicks, 0, window_seconds(window)});
    }
  }

  void add_causes(const CpuInterruptions& cpu) {
    const auto add_row = [&](EffectTable table, const std::string& row, std::uint64_t count) {
      add(table, row, cpu.cpu, 0, {static_cast<double>(count), 0, cpu.exposure_s});
    };
    saw(EffectTable::tasks, cpu.cpu, 0, cpu.exposure_s);
    saw(EffectTable::causes, cpu.cpu, 0, cpu.exposure_s);
    for (const auto& cause : cpu.causes) {
      const bool task = cause.name.kind == CauseKind::other_task;
      add_row(task ? EffectTable::tasks : EffectTable::causes,
              task ? cause.name.what : cause.name.klass + " " + cause.name.what, cause.times());
    }
    if (cpu.budget.find("not_logged") != nullptr) {
      out_.log_full = true;
      return;
    }
    for (const auto& silent : cpu.silent) {
      add_row(EffectTable::causes, "gaps outside the kernel, " + silent.lengths, silent.in_phase);
      add_row(EffectTable::causes, "unexplained gaps " + silent.lengths,
              silent.gaps - silent.in_phase);
    }
  }

  /// Why the trace shows less than happened.
  std::string problem_of(const Interruptions& interruptions) const {
    for (const auto& window : interruptions.windows) {
      if (window.arm != arm_.name) continue;
      if (!window.error.empty()) return window.error;
      if (window.lost != 0) return fmt::format("{} events lost", window.lost);
      if (window.faulty_pages != 0) return fmt::format("{} damaged pages", window.faulty_pages);
    }
    for (const auto* window : arm_.windows) {
      const auto meta = TraceMeta::read(window->notes);
      if (!meta || !meta->traced() || !meta->loss.empty()) continue;
      for (const auto& warning : window->warnings)
        if (warning.id == warning_word(WarningId::observer_failed)) return warning.seen;
    }
    for (const auto& cpu : interruptions.cpus)
      for (const auto& check : cpu.checks)
        if (cpu.arm == arm_.name && check.traced < check.counted && !check.agrees())
          return fmt::format("CPU {}: {} of {} {}", cpu.cpu, check.traced, check.counted,
                             check.what);
    return {};
  }

  const ArmWindows& arm_;
  const CpuSet& measured_;
  EffectRows out_;
};

}  // namespace

std::vector<EffectPart> EffectRows::parts(const EffectRowKey& key) const {
  std::vector<EffectPart> out;
  if (const auto found = rows.find(key); found != rows.end()) {
    for (const auto& [window, part] : found->second) out.push_back(part);
  } else if (const auto looked = seen.find({key.table, key.cpu}); looked != seen.end()) {
    for (const auto& [window, seconds] : looked->second) out.push_back({0, 0, seconds});
  }
  return out;
}

bool EffectRows::has(EffectTable table) const { return seen.contains({table, -1}); }

EffectRows effect_rows(const ArmWindows& arm, const CpuSet& measured,
                       const Interruptions& interruptions) {
  return Collector(arm, measured).take(interruptions);
}

}  // namespace isolab
