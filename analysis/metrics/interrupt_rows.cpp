// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/interrupt_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analysis/model/metric_list.h"
#include "analysis/model/windows.h"
#include "analysis/statistics/counts.h"
#include "base/counters.h"

namespace isolab {
namespace {

/// In the report's order; the first six are shown even where they never grew.
constexpr std::array kKinds = {"function_call", "tlb",           "reschedule", "irq_work",
                               "cpu_stop",      "timer",         "nmi",        "timer_broadcast",
                               "hypervisor",    "machine_check", "thermal",    "error"};
constexpr std::size_t kAlwaysShown = 6;

std::size_t kind_rank(const std::string& name) {
  return static_cast<std::size_t>(std::find(kKinds.begin(), kKinds.end(), name) - kKinds.begin());
}

std::string last_word(const std::string& text) {
  const auto space = text.find_last_of(' ');
  return space == std::string::npos ? text : text.substr(space + 1);
}

using RowParts = std::map<std::string, std::vector<Counted>>;

/// The parts of all windows of an arm; a row missing from one window was not counted there.
RowParts arm_rows(const ArmWindows& arm, const CpuSet& measured, int cpu) {
  RowParts out;
  for (const auto* window : arm.windows)
    for (auto& [name, parts] : row_counts(*window, measured, cpu))
      out[name].insert(out[name].end(), parts.begin(), parts.end());
  return out;
}

/// Rows without an entry have not been there in this arm: a device that had no interrupt yet.
std::vector<Counted> zero_parts(const ArmWindows& arm, int cpus) {
  std::vector<Counted> out;
  for (const auto* window : arm.windows)
    if (!window->interrupts.empty() || !window->softirqs.empty())
      for (int i = 0; i < cpus; ++i) out.push_back({0, window_seconds(*window), window->repeat});
  return out;
}

/// No reading of the arm has this CPU, as the warning cpu_offline_at_edge says: a recording may
/// name thousands of them, and a line for each row of each would fill a gigabyte.
bool none_counted(const RowParts& parts) {
  return std::all_of(parts.begin(), parts.end(),
                     [](const auto& row) { return row.second.empty(); });
}

std::uint64_t total(const std::vector<Counted>& parts) {
  std::uint64_t sum = 0;
  for (const auto& part : parts) sum += part.count;
  return sum;
}

double seconds(const std::vector<Counted>& parts) {
  double sum = 0;
  for (const auto& part : parts) sum += part.seconds;
  return sum;
}

Metric over_idle(const Labels& labels, const std::vector<Counted>& parts,
                 const std::vector<Counted>& idle) {
  const double time = seconds(parts);
  const double idle_time = seconds(idle);
  if (time <= 0 || idle_time <= 0)
    return not_applicable(metrics::interrupts_over_idle, labels, "no idle arm counted this row");
  Metric out = make_metric(metrics::interrupts_over_idle, labels);
  const std::uint64_t count = total(parts);
  const std::uint64_t idle_count = total(idle);
  out.value = static_cast<double>(count) / time - static_cast<double>(idle_count) / idle_time;
  const Interval interval = rate_difference_interval(count, time, idle_count, idle_time);
  out.lower95 = interval.lower;
  out.upper95 = interval.upper;
  out.exposure_s = time;
  out.n = count;
  return out;
}

}  // namespace

std::string row_name(const CounterRow& row) {
  if (kind_rank(row.kind) < kKinds.size()) return row.kind;
  if (row.kind == "softirq") return "softirq " + row.id;
  if (row.kind == "device") return fmt::format("irq {} {}", row.id, last_word(row.label));
  return "other " + row.id;
}

std::map<std::string, std::vector<Counted>> row_counts(const WindowRecord& window,
                                                       const CpuSet& measured, int cpu) {
  const CpuSet cpus = cpu < 0 ? measured : CpuSet{cpu};
  std::map<std::string, std::map<int, std::uint64_t>> sums;
  for (const auto* rows : {&window.interrupts, &window.softirqs})
    for (const auto& row : *rows)
      for (auto& counted = sums[row_name(row)]; const int counted_cpu : cpus)
        if (counter_step(row, counted_cpu) != CounterStep::absent)
          counted[counted_cpu] += row.gained(counted_cpu);
  RowParts out;
  for (const auto& [name, per_cpu] : sums)
    for (auto& parts = out[name]; const auto& [one, count] : per_cpu)
      parts.push_back({count, window_seconds(window), window.repeat});
  return out;
}

std::vector<std::string> rows_to_show(const std::vector<ArmWindows>& arms, const CpuSet& measured) {
  std::set<std::string> names;
  for (const auto& arm : arms)
    for (const auto& [name, parts] : arm_rows(arm, measured, -1))
      if (kind_rank(name) < kAlwaysShown || total(parts) > 0) names.insert(name);
  std::vector<std::string> out(names.begin(), names.end());
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return kind_rank(a) < kind_rank(b); });
  return out;
}

void add_interrupt_metrics(const std::vector<ArmWindows>& arms, int idle, const CpuSet& measured,
                           std::vector<Metric>& out) {
  const auto rows = rows_to_show(arms, measured);
  std::vector<int> cpus(measured.begin(), measured.end());
  cpus.push_back(-1);
  for (const auto& arm : arms) {
    for (const int cpu : cpus) {
      const RowParts counted = arm_rows(arm, measured, cpu);
      if (counted.empty() || (cpu >= 0 && none_counted(counted))) continue;
      const RowParts background =
          idle < 0 ? RowParts{} : arm_rows(arms[static_cast<std::size_t>(idle)], measured, cpu);
      const int width = cpu < 0 ? measured.count() : 1;
      const auto parts_of = [&](const RowParts& from, const ArmWindows& in,
                                const std::string& row) {
        const auto found = from.find(row);
        return found == from.end() ? zero_parts(in, width) : found->second;
      };
      for (const auto& row : rows) {
        const Labels labels{
            {"arm", arm.name}, {"cpu", cpu < 0 ? "all" : std::to_string(cpu)}, {"row", row}};
        const auto parts = parts_of(counted, arm, row);
        Metric rate = counted_rate(metrics::interrupts_per_second, labels, parts, 1);
        if (!parts.empty() && rate.exposure_s <= 0)
          rate.not_applicable = "how long lay between the readings is not known";
        out.push_back(std::move(rate));
        if (cpu >= 0 || idle < 0 || arm.arm == idle) continue;
        const auto& idle_windows = arms[static_cast<std::size_t>(idle)];
        out.push_back(over_idle(labels, parts, parts_of(background, idle_windows, row)));
      }
    }
  }
}

}  // namespace isolab
