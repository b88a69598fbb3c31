// SPDX-License-Identifier: Apache-2.0
#include "report/text/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/model/metric_list.h"
#include "report/text/format.h"

namespace isolab {
namespace {

constexpr int kCpusShown = 8;  // above, one line for all and one for the worst of an arm

bool of_wakeups(const Findings& findings) { return findings.probe_kind == "wakeup"; }

/// The CPU labels to show of one arm: "all" first where there are several.
std::vector<std::string> cpus_of(const Findings& findings, const ArmSummary& arm) {
  std::vector<std::string> cpus;
  const std::string longest = length_metrics(of_wakeups(findings)).longest;
  std::string worst;
  double most = -1;
  for (const auto& metric : findings.metrics) {
    if (metric.name != longest || metric.labels.at("arm") != arm.name) continue;
    const auto& cpu = metric.labels.at("cpu");
    if (cpu == "all") continue;
    cpus.push_back(cpu);
    if (metric.value.value_or(0) > most) {
      most = metric.value.value_or(0);
      worst = cpu;
    }
  }
  if (cpus.size() <= 1) return cpus;
  if (cpus.size() > kCpusShown) cpus = {worst};
  cpus.insert(cpus.begin(), "all");
  return cpus;
}

std::string cpu_words(const std::string& cpu) { return cpu == "all" ? "all CPUs" : "CPU " + cpu; }

const Metric* metric_of(const Findings& findings, const std::string& name, const std::string& arm,
                        const std::string& cpu) {
  return find_metric(findings, name, {{"arm", arm}, {"cpu", cpu}});
}

}  // namespace

ReportTable counts_table(const Findings& findings) {
  const ThresholdMetrics counts = length_metrics(of_wakeups(findings)).counts;
  std::vector<std::string> header{"arm / CPU, time"};
  for (const int us : kThresholdsUs) header.push_back(fmt::format(">{} us", us));
  TextTable table(header, 17);
  for (const auto& arm : findings.arms) {
    bool first = true;
    for (const auto& cpu : cpus_of(findings, arm)) {
      std::vector<std::string> values{first ? arm.name : "  " + cpu_words(cpu)};
      std::vector<std::string> intervals{first ? "  " + cpu_words(cpu) + "," : ""};
      for (const int us : kThresholdsUs) {
        const auto* metric = metric_of(findings, counts.over(us), arm.name, cpu);
        if (us == kThresholdsUs.front() && metric != nullptr)
          intervals.front() +=
              (first ? " " : "    ") +
              (metric->exposure_s > 0 ? short_span(metric->exposure_s) : "unknown time");
        values.push_back(rate_text(metric));
        intervals.push_back(interval_text(metric));
      }
      table.row(std::move(values), std::move(intervals));
      first = false;
    }
  }
  return {std::move(table)};
}

ReportTable lengths_table(const Findings& findings) {
  const bool gaps = !of_wakeups(findings);
  const LengthMetrics lengths = length_metrics(!gaps);
  std::vector<Percentile> shown;
  for (const auto& percentile : kPercentiles) {
    const auto name = lengths.percentiles.at(percentile);
    const bool carried =
        std::any_of(findings.metrics.begin(), findings.metrics.end(),
                    [&](const Metric& metric) { return metric.name == name && metric.value; });
    if (carried) shown.push_back(percentile);
  }
  // The usual two and the four furthest out with enough samples fit the page.
  while (shown.size() > 6) shown.erase(shown.begin() + 2);

  std::vector<std::string> header{"arm / CPU"};
  for (const auto& percentile : shown) header.emplace_back(percentile.shown);
  header.insert(header.end(), {"max", "max of repeats"});
  if (gaps) header.emplace_back("lost us/s");
  TextTable table(header, 20);
  for (const auto& arm : findings.arms) {
    bool first = true;
    for (const auto& cpu : cpus_of(findings, arm)) {
      std::vector<std::string> cells{first ? arm.name : "  " + cpu_words(cpu)};
      for (const auto& percentile : shown) {
        const auto* metric = metric_of(findings, lengths.percentiles.at(percentile), arm.name, cpu);
        cells.push_back(metric != nullptr && metric->value ? short_us(*metric->value) : "-");
      }
      const auto* longest = metric_of(findings, lengths.longest, arm.name, cpu);
      cells.push_back(longest->value ? short_us(*longest->value) : "-");
      cells.push_back(longest->repeats > 1
                          ? fmt::format("{}..{}", short_us(longest->repeat_min.value_or(0)),
                                        short_us(longest->repeat_max.value_or(0)))
                          : "-");
      const auto* lost = metric_of(findings, metrics::time_lost, arm.name, cpu);
      if (gaps) cells.push_back(lost != nullptr && lost->value ? short_number(*lost->value) : "-");
      table.row(std::move(cells));
      first = false;
    }
  }
  return {std::move(table)};
}

}  // namespace isolab
