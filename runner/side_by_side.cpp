// SPDX-License-Identifier: Apache-2.0
#include "runner/side_by_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "runner/report_format.h"

namespace isolab {
namespace {

std::string fact(const Findings& findings, const std::string& key) {
  const auto found = findings.facts.find(key);
  return found == findings.facts.end() ? "" : found->second;
}

/// Operations of the arm's workload in its windows, as the counts per operation have them.
double operations(const Findings& findings, const std::string& arm) {
  for (const auto& metric : findings.metrics)
    if (metric.name == "ipis_per_op" && metric.labels.at("arm") == arm && metric.n > 0)
      return static_cast<double>(metric.n);
  return 0;
}

/// IPIs of the class that reached a measured CPU of the arm, mean of the CPUs.
double received(const Findings& findings, const std::string& arm, const std::string& klass) {
  double sum = 0;
  int cpus = 0;
  for (const auto& cpu : findings.interruptions.cpus) {
    if (cpu.arm != arm) continue;
    ++cpus;
    for (const auto& cause : cpu.causes)
      if (cause.name.by_ipi && cause.name.klass == klass)
        sum += static_cast<double>(std::max(cause.callbacks, cause.ipis));
  }
  return cpus == 0 ? 0 : sum / cpus;
}

std::string cell(const Findings& findings, const ArmSummary& arm, const std::string& klass) {
  const auto there = std::find_if(findings.arms.begin(), findings.arms.end(),
                                  [&](const auto& one) { return one.name == arm.name; });
  if (there == findings.arms.end() || there->windows == 0) return "not applicable";
  const double count = received(findings, arm.name, klass), ops = operations(findings, arm.name);
  if (ops == 0) return fmt::format("{:.0f}", count);
  return fmt::format("{:.0f} ({:.2f}/op)", count, count / ops);
}

}  // namespace

std::string side_by_side(const std::vector<Findings>& all) {
  std::vector<std::string> heads{"arm", "<class"};
  for (const auto& one : all)
    heads.push_back(fact(one, "kernel.arch") + " " + fact(one, "kernel.release"));
  TextTable table(heads, 20);
  bool any = false;
  for (const auto& arm : all.front().arms) {
    std::set<std::string> classes;
    for (const auto& one : all)
      for (const auto& cpu : one.interruptions.cpus)
        for (const auto& cause : cpu.causes)
          if (cpu.arm == arm.name && cause.name.by_ipi) classes.insert(cause.name.klass);
    bool first = true;
    for (const auto& klass : classes) {
      std::vector<std::string> row{first ? arm.name : "", klass};
      for (const auto& one : all) row.push_back(cell(one, arm, klass));
      table.row(row);
      first = false;
      any = true;
    }
  }
  if (!any) return {};
  return "IPIs that reached an isolated CPU, by class (mean of the CPUs; per operation)\n" +
         table.text();
}

}  // namespace isolab
