// SPDX-License-Identifier: Apache-2.0
#include "analysis/analyse.h"

#include <algorithm>
#include <cmath>

#include "analysis/attribution/interruptions.h"
#include "analysis/checks/budget.h"
#include "analysis/checks/checks.h"
#include "analysis/metrics/arm_effects.h"
#include "analysis/metrics/benchmarks.h"
#include "analysis/metrics/chart_series.h"
#include "analysis/metrics/cpu_time.h"
#include "analysis/metrics/emulation.h"
#include "analysis/metrics/gaps.h"
#include "analysis/metrics/interrupt_rows.h"
#include "analysis/metrics/interruptions.h"
#include "analysis/metrics/ipis_per_op.h"
#include "analysis/metrics/page_cost.h"
#include "analysis/model/probe_data.h"
#include "analysis/model/windows.h"

namespace isolab {
namespace {

void describe_run(const Recording& recording, Findings& out) {
  const auto& manifest = recording.manifest;
  const auto& plan = recording.plan;
  out.isolab_version = manifest.version;
  out.status = manifest.status;
  out.imported = manifest.imported;
  out.profile = plan.name;
  out.question = plan.question;
  out.profile_hash = plan.profile_hash;
  out.started_utc = manifest.started_utc;
  out.ended_utc = manifest.ended_utc;
  out.command_line = manifest.command_line;
  out.probe = plan.probe.name == "none" ? "" : plan.probe.name;
  for (const auto& window : recording.windows)
    if (out.probe_kind.empty()) out.probe_kind = window.probe.kind;
  out.measured = plan.measured.list();
  out.housekeeping = plan.housekeeping.list();
  out.measured_why = plan.measured_why;
  out.measured_isolated = plan.measured_isolated;
  out.repeats = plan.repeats;
  out.warmup_s = static_cast<double>(plan.warmup.count()) / 1e9;
  out.measure_s = static_cast<double>(plan.measure.count()) / 1e9;
  out.order = plan.order;
  out.facts = recording.facts;
  out.changed = manifest.changed;
}

std::vector<ArmSummary> describe_arms(const Recording& recording,
                                      const std::vector<ArmWindows>& arms, int idle) {
  std::vector<ArmSummary> out;
  for (const auto& pooled : arms) {
    const auto& arm = recording.plan.arms[static_cast<std::size_t>(pooled.arm)];
    ArmSummary one;
    one.name = arm.name;
    one.not_applicable = arm.not_applicable;
    for (const auto& use : arm.workloads) one.workloads.push_back(use.name);
    one.idle = pooled.arm == idle;
    one.windows = static_cast<int>(pooled.windows.size());
    one.windows_left_out = pooled.left_out;
    one.boot = arm.boot;
    for (const auto& heard : heard_on(pooled, -1)) one.exposure_s += heard.seconds();
    out.push_back(std::move(one));
  }
  return out;
}

/// A quotient that has no value (a window of no length, say) is not applicable, never "nan".
void leave_out_what_is_not_finite(std::vector<Metric>& metrics) {
  for (auto& metric : metrics) {
    const bool known = metric.value && std::isfinite(*metric.value);
    if (metric.value && !known) {
      metric.value.reset();
      metric.not_applicable = "its computation has no finite value";
    }
    for (auto* bound : {&metric.lower95, &metric.upper95, &metric.repeat_min, &metric.repeat_max})
      if (*bound && (!known || !std::isfinite(**bound))) bound->reset();
  }
}

int online_cpus(const Facts& facts) {
  const auto found = facts.find("cpu.online");
  const auto cpus = found == facts.end() ? Result<CpuSet>(CpuSet{}) : CpuSet::parse(found->second);
  return cpus ? cpus->count() : 0;
}

}  // namespace

Findings analyse(const Recording& recording) {
  return analyse(recording, {}).value();  // the built-in rules are expressions: tested
}

Result<Findings> analyse(const Recording& recorded, const std::vector<ClassRule>& own_rules) {
  const std::string emulated = emulation_of(recorded.facts);
  std::optional<Recording> counted;
  if (!emulated.empty()) counted = without_times(recorded);
  const Recording& recording = counted ? *counted : recorded;
  auto interruptions = TRY(find_interruptions(recording, own_rules));
  const auto& plan = recording.plan;
  const auto arms = pool_windows(recording);
  const int idle = idle_arm(recording, arms);
  const auto expectations = ipis_per_op(arms, idle, plan.measured);

  Findings out;
  describe_run(recording, out);
  out.arms = describe_arms(recording, arms, idle);
  for (const auto& arm : arms) add_gap_metrics(arm, plan.measured, out.metrics);
  add_interrupt_metrics(arms, idle, plan.measured, out.metrics);
  add_ipis_per_op_metrics(expectations, out.metrics);
  for (const auto& arm : arms) {
    add_work_metrics(arm, out.metrics);
    add_time_metrics(arm, plan.measured, plan.housekeeping, out.metrics);
    add_footprint_metrics(arm, plan.measured, out.metrics);
  }
  add_interruption_metrics(interruptions, out.metrics);
  out.effects = arm_effects(arms, idle, plan.measured, interruptions);
  if (emulated.empty()) {
    out.page_costs = page_costs(plan, arms, expectations, online_cpus(recording.facts));
    add_page_cost_metrics(arms, out.page_costs, out.metrics);
    add_benchmark_metrics(recording.benchmarks, out.metrics);
  } else {
    add_withheld_metrics(recording, emulated, out.metrics);
  }

  leave_out_what_is_not_finite(out.metrics);

  WarningList warnings;
  add_design_warnings(recording, arms, idle, warnings);
  add_machine_warnings(recording, warnings);
  add_recorded_warnings(recording, warnings);
  add_window_warnings(recording, warnings);
  add_clock_warnings(recording, warnings);
  add_expectation_warnings(expectations, warnings);
  add_row_warnings(arms, plan.measured, warnings);
  for (const auto& warning : interruptions.warnings) warnings.add(warning, "");
  for (const auto& warning : benchmark_warnings(recording.benchmarks)) warnings.add(warning, "");
  out.warnings = warnings.take();

  out.verdicts = judge_budgets(plan, out.metrics);
  out.series = make_series(arms, plan.measured, out.metrics);
  out.interruptions = std::move(interruptions);
  return out;
}

}  // namespace isolab
