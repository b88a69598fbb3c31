// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/interruptions.h"

#include "analysis/metrics/rates.h"
#include "analysis/model/metric_list.h"
#include "analysis/model/windows.h"
#include "analysis/statistics/counts.h"

namespace isolab {

namespace {

Metric share(const char* name, const Labels& labels, const CpuInterruptions& cpu, double part,
             double whole, std::uint64_t n) {
  if (whole <= 0) return not_applicable(name, labels, "none was seen");
  auto out = make_metric(name, labels);
  out.value = 100 * part / whole;
  out.exposure_s = cpu.exposure_s;
  out.n = n;
  out.repeats = cpu.windows;
  return out;
}

void add_causes(const CpuInterruptions& cpu, const Labels& labels, std::vector<Metric>& out) {
  for (const auto& cause : cpu.causes) {
    auto named = labels;
    named["class"] = cause.name.klass + "/" + cause.name.subclass;
    named["callback"] = cause.name.what;
    const bool reschedule = cause.name.kind == CauseKind::reschedule;
    const auto seen = reschedule ? cause.ipis : cause.callbacks;
    const auto counted = [&](const char* name, std::uint64_t count) {
      const auto interval = poisson_interval(count);
      const double per = kHour / cpu.exposure_s;
      auto rate = make_metric(name, named);
      rate.value = static_cast<double>(count) * per;
      if (count != 0) rate.lower95 = interval.lower * per;
      rate.upper95 = interval.upper * per;
      rate.n = count;
      rate.exposure_s = cpu.exposure_s;
      rate.repeats = cpu.windows;
      return rate;
    };
    if (!reschedule && cause.sends > 0) out.push_back(counted(metrics::calls_queued, cause.sends));
    auto time = make_metric(metrics::interruption_time, named);
    time.exposure_s = cpu.gaps_dropped == 0 ? cpu.exposure_s : cpu.logged_s;
    if (time.exposure_s > 0) time.value = cause.lost_us / time.exposure_s;
    time.n = cause.parts;
    time.repeats = cpu.windows;
    out.push_back(counted(metrics::interruptions, seen));
    if (cpu.heard) out.push_back(std::move(time));
  }
}

double part_of(const NoiseBudget& budget, const char* name) {
  const auto* part = budget.find(name);
  return part == nullptr ? 0 : static_cast<double>(part->ticks);
}

double gaps_of(const NoiseBudget& budget, const char* name) {
  const auto* part = budget.find(name);
  return part == nullptr ? 0 : static_cast<double>(part->gaps);
}

}  // namespace

void add_interruption_metrics(const Interruptions& interruptions, std::vector<Metric>& out) {
  for (const auto& cpu : interruptions.cpus) {
    if (cpu.exposure_s <= 0) continue;
    const Labels labels{{"arm", cpu.arm}, {"cpu", std::to_string(cpu.cpu)}};
    const auto add = [&](const char* name, double part, double whole, std::uint64_t n) {
      out.push_back(share(name, labels, cpu, part, whole, n));
    };
    add(metrics::callbacks_joined, static_cast<double>(cpu.callbacks_joined),
        static_cast<double>(cpu.callbacks), cpu.callbacks);
    if (cpu.heard) {
      add(metrics::explained_gaps, static_cast<double>(cpu.explained_over_1us),
          static_cast<double>(cpu.gaps_over_1us), cpu.gaps_over_1us);
      add(metrics::explained_time, cpu.explained_us, cpu.lost_us, cpu.gaps);
      const double lost = static_cast<double>(cpu.budget.wall) - part_of(cpu.budget, "useful");
      add(metrics::outside_kernel_time, part_of(cpu.budget, "outside_kernel"), lost, cpu.gaps);
      add(metrics::unexplained_time,
          part_of(cpu.budget, "unexplained") + part_of(cpu.budget, "late_delivery"), lost,
          cpu.gaps);
      add(metrics::unexplained_gaps,
          gaps_of(cpu.budget, "unexplained") + gaps_of(cpu.budget, "late_delivery"),
          static_cast<double>(cpu.gaps), cpu.gaps);
      add(metrics::deferrable_interruptions, static_cast<double>(cpu.deferrable.interruptions),
          static_cast<double>(cpu.deferrable.all_interruptions), cpu.deferrable.all_interruptions);
      add(metrics::deferrable_time, cpu.deferrable.lost_us, cpu.deferrable.all_lost_us,
          cpu.deferrable.all_interruptions);
    }
    add_causes(cpu, labels, out);
  }
  for (const auto& effect : interruptions.effects) {
    const auto add = [&](const char* name, double value, double low, double high) {
      auto metric = make_metric(name, {{"arm", effect.arm}});
      metric.value = value, metric.lower95 = low, metric.upper95 = high;
      metric.n = effect.traced_gaps + effect.untraced_gaps;
      out.push_back(std::move(metric));
    };
    add(metrics::trace_effect_length, effect.p50_percent(), effect.p50_low_percent,
        effect.p50_high_percent);
    add(metrics::trace_effect_count, effect.rate_percent(), effect.rate_low_percent,
        effect.rate_high_percent);
  }
}

}  // namespace isolab
