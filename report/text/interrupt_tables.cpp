// SPDX-License-Identifier: Apache-2.0
// The tables of interrupts, IPIs per operation, work and CPU time.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

#include "analysis/model/metric_list.h"
#include "report/text/format.h"
#include "report/text/tables.h"

namespace isolab {
namespace {

constexpr std::size_t kColumns = 7;
constexpr std::size_t kOtherRows = 12;

bool is_kind(const std::string& row) { return row.find(' ') == std::string::npos; }

/// Kinds of rows in the order the metrics have them.
std::vector<std::string> kinds_of(const Findings& findings) {
  std::vector<std::string> out;
  for (const auto& metric : findings.metrics) {
    if (metric.name != metrics::interrupts_per_second || metric.labels.at("cpu") != "all") continue;
    const auto& row = metric.labels.at("row");
    if (is_kind(row) && std::find(out.begin(), out.end(), row) == out.end()) out.push_back(row);
  }
  if (out.size() > kColumns) out.resize(kColumns);
  return out;
}

bool clearly_above_idle(const Findings& findings, const std::string& arm, const std::string& row) {
  const auto* over = find_metric(findings, metrics::interrupts_over_idle,
                                 {{"arm", arm}, {"cpu", "all"}, {"row", row}});
  return over != nullptr && over->lower95 && *over->lower95 > 0;
}

/// A workload's name in a table: that of its arm where it is alone there.
std::string use_name(const Findings& findings, const std::string& arm,
                     const std::string& workload) {
  for (const auto& summary : findings.arms)
    if (summary.name == arm && summary.workloads.size() == 1) return arm;
  return arm + ": " + workload;
}

void add_source(std::vector<std::pair<std::string, std::string>>& sources,
                const std::string& source, const std::string& name) {
  for (auto& [known, names] : sources)
    if (known == source) {
      names += ", " + name;
      return;
    }
  sources.emplace_back(source, name);
}

}  // namespace

ReportTable interrupts_table(const Findings& findings) {
  const auto kinds = kinds_of(findings);
  std::vector<std::string> header{"arm"};
  header.insert(header.end(), kinds.begin(), kinds.end());
  TextTable table(header, 20);
  for (const auto& arm : findings.arms) {
    std::vector<std::string> cells{arm.name};
    bool any = false;
    for (const auto& row : kinds) {
      const auto* metric = find_metric(findings, metrics::interrupts_per_second,
                                       {{"arm", arm.name}, {"cpu", "all"}, {"row", row}});
      any = any || (metric != nullptr && metric->not_applicable.empty());
      cells.push_back(rate_text(metric) +
                      (clearly_above_idle(findings, arm.name, row) ? "*" : " "));
    }
    if (any) table.row(std::move(cells));
  }
  return {std::move(table)};
}

ReportTable counted_rows_table(const Findings& findings) {
  struct Counts {
    std::uint64_t all = 0, most = 0;
    std::string cpu;
  };
  std::map<std::string, Counts> rows;
  for (const auto& metric : findings.metrics) {
    if (metric.name != metrics::interrupts_per_second || metric.value || metric.n == 0) continue;
    auto& counts = rows[metric.labels.at("row")];
    const auto& cpu = metric.labels.at("cpu");
    if (cpu == "all") counts.all += metric.n;
    if (cpu == "all" || metric.n <= counts.most) continue;
    counts.most = metric.n;
    counts.cpu = cpu;
  }
  std::vector<std::pair<std::string, Counts>> order(rows.begin(), rows.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second.all > b.second.all; });
  TextTable table({"row", "all CPUs", "most on one CPU", "CPU"}, 36);
  for (const auto& [row, counts] : order)
    table.row({row, std::to_string(counts.all), std::to_string(counts.most), counts.cpu});
  return {std::move(table)};
}

ReportTable other_rows_table(const Findings& findings) {
  std::vector<const Metric*> rows;
  for (const auto& metric : findings.metrics)
    if (metric.name == metrics::interrupts_per_second && metric.labels.at("cpu") == "all" &&
        metric.value && metric.n > 0 && !is_kind(metric.labels.at("row")))
      rows.push_back(&metric);
  std::map<std::string, std::pair<const Metric*, int>> most;  // row -> largest, arms it grew in
  for (const auto* metric : rows) {
    auto& [largest, arms] = most[metric->labels.at("row")];
    if (largest == nullptr || *metric->value > *largest->value) largest = metric;
    ++arms;
  }
  std::vector<std::pair<const Metric*, int>> order;
  for (const auto& [row, found] : most) order.push_back(found);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return *a.first->value > *b.first->value; });
  TextTable table({"row", "most per second", "<in arm", "arms with it"}, 36);
  for (std::size_t i = 0; i < std::min(order.size(), kOtherRows); ++i)
    table.row({order[i].first->labels.at("row"), short_number(*order[i].first->value),
               order[i].first->labels.at("arm"), std::to_string(order[i].second)});
  if (order.size() <= kOtherRows) return {std::move(table)};
  return {std::move(table),
          fmt::format("and {} more, see report --json\n", order.size() - kOtherRows)};
}

ReportTable ipis_table(const Findings& findings) {
  TextTable table({"arm: workload", "<row", "operations", "measured", "expected", "<verdict"}, 36);
  std::string reasons;
  std::vector<std::pair<std::string, std::string>> sources;  // of expected numbers, and whose
  for (const auto& metric : findings.metrics) {
    if (metric.name != metrics::ipis_per_op) continue;
    const auto& arm = metric.labels.at("arm");
    const auto& workload = metric.labels.at("workload");
    const auto& row = metric.labels.at("row");
    const auto name = use_name(findings, arm, workload);
    if (!metric.value) {
      table.row({name, row, "-", "-", "-", "not applicable"});
      reasons += wrapped("  " + ascii(name) + ": ", 4, metric.not_applicable);
      continue;
    }
    const auto* expected = find_metric(findings, metrics::ipis_per_op_expected,
                                       {{"arm", arm}, {"workload", workload}, {"row", row}});
    const std::string ops = short_number(static_cast<double>(metric.n));
    if (expected == nullptr || !expected->value) {
      table.row({name, row, ops, per_operation(*metric.value), "-", "not applicable"});
      if (expected != nullptr)
        reasons += wrapped("  " + ascii(name) + ": ", 4, expected->not_applicable);
      continue;
    }
    if (!expected->source.empty()) add_source(sources, expected->source, name);
    table.row({name, row, ops, per_operation(*metric.value),
               fmt::format("{:.2f}", *expected->value),
               expected->verdict == "different" ? "DIFFERENT" : expected->verdict});
    if (expected->verdict == "background unknown")
      reasons += wrapped("  " + ascii(name) + ": ", 4,
                         "more than expected, but without an idle arm the machine's own interrupts "
                         "of this row are not known");
    if (expected->operations_needed > 0)
      reasons += wrapped(
          "  " + ascii(name) + ": ", 4,
          fmt::format("too few operations for a verdict; about {} are needed: longer windows, more "
                      "repeats or a higher rate",
                      short_number(static_cast<double>(expected->operations_needed))));
  }
  for (const auto& [source, names] : sources)
    reasons += wrapped("  " + ascii(names) + ": ", 4, source);
  return {std::move(table), std::move(reasons)};
}

ReportTable work_table(const Findings& findings) {
  TextTable table({"arm: workload", "<what", "per second", "repeats", "user s", "system s"}, 36);
  for (const auto& metric : findings.metrics) {
    if (metric.name != metrics::work_per_second || !metric.value) continue;
    const auto& arm = metric.labels.at("arm");
    const auto& workload = metric.labels.at("workload");
    const std::map<std::string, std::string> labels{{"arm", arm}, {"workload", workload}};
    const auto* user = find_metric(findings, metrics::workload_user_time, labels);
    const auto* system = find_metric(findings, metrics::workload_system_time, labels);
    table.row({use_name(findings, arm, workload), metric.labels.at("count"),
               short_number(*metric.value),
               metric.repeats > 1 ? fmt::format("{}..{}", short_number(*metric.repeat_min),
                                                short_number(*metric.repeat_max))
                                  : "1",
               user == nullptr ? "-" : fmt::format("{:.2f}", *user->value),
               system == nullptr ? "-" : fmt::format("{:.2f}", *system->value)});
  }
  return {std::move(table)};
}

ReportTable time_table(const Findings& findings) {
  const std::vector<std::string> states{"user", "system", "irq", "softirq", "steal", "idle"};
  std::vector<std::string> header{"arm / CPU"};
  header.insert(header.end(), states.begin(), states.end());
  TextTable table(header, 36);
  for (const auto& arm : findings.arms) {
    std::vector<std::string> cpus;                                    // as the metrics have them
    std::map<std::string, std::map<std::string, std::string>> cells;  // cpu -> state -> per cent
    for (const auto& metric : findings.metrics) {
      // One that is withheld has no state.
      if (metric.name != metrics::cpu_time || !metric.value || metric.labels.at("arm") != arm.name)
        continue;
      const auto& cpu = metric.labels.at("cpu");
      if (!cells.contains(cpu)) cpus.push_back(cpu);
      cells[cpu].try_emplace(metric.labels.at("state"), fmt::format("{:.2f}", *metric.value));
    }
    for (const auto& cpu : cpus) {
      std::vector<std::string> row{arm.name +
                                   (cpu == "housekeeping" ? " / housekeeping" : " / CPU " + cpu)};
      for (const auto& state : states)
        row.push_back(cells[cpu].contains(state) ? cells[cpu][state] : "-");
      table.row(std::move(row));
    }
  }
  return {std::move(table)};
}

}  // namespace isolab
