// SPDX-License-Identifier: Apache-2.0
#include "report/side_by_side.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analysis/metrics/emulation.h"
#include "analysis/model/metric_list.h"
#include "analysis/statistics/counts.h"
#include "base/text.h"
#include "report/text/format.h"

namespace isolab {
namespace {

std::string fact(const Findings& findings, const std::string& key) {
  const auto found = findings.facts.find(key);
  return found == findings.facts.end() ? "" : found->second;
}

/// Operations of the arm's workload in its windows; 0: unknown, or there is more than one workload.
std::uint64_t operations(const Findings& findings, const std::string& arm) {
  std::uint64_t out = 0;
  for (const auto& metric : findings.metrics) {
    if (metric.name != metrics::ipis_per_op || metric.labels.at("arm") != arm) continue;
    if (out > 0) return 0;
    out = metric.n;
  }
  return out;
}

/// What came of the class to the arm's CPUs.
void count(const Findings& findings, const std::string& arm, const std::string& klass,
           std::uint64_t& events, std::uint64_t& cpus, double& exposure_s) {
  for (const auto& cpu : findings.interruptions.cpus) {
    if (cpu.arm != arm) continue;
    ++cpus;
    exposure_s += cpu.exposure_s;
    for (const auto& cause : cpu.causes)
      if (cause.name.by_ipi && cause.name.klass == klass)
        events += std::max(cause.callbacks, cause.ipis);
  }
}

SideCell cell_of(const Findings& findings, const std::string& arm, const std::string& klass) {
  SideCell out;
  const auto there = std::find_if(findings.arms.begin(), findings.arms.end(),
                                  [&](const auto& one) { return one.name == arm; });
  if (there == findings.arms.end())
    out.not_applicable = "the recording has no such arm";
  else if (!there->not_applicable.empty())
    out.not_applicable = there->not_applicable;
  else if (there->windows == 0)
    out.not_applicable = "none of its windows counts: failed or disturbed";
  if (!out.not_applicable.empty()) return out;
  count(findings, arm, klass, out.count, out.cpus, out.exposure_s);
  std::uint64_t idle_cpus = 0;
  for (const auto& one : findings.arms)
    if (one.idle && one.name != arm)
      count(findings, one.name, klass, out.idle_count, idle_cpus, out.idle_exposure_s);
  if (out.cpus == 0) out.not_applicable = "it was not traced";
  out.operations = operations(findings, arm);
  return out;
}

/// `count` by `divisor`, a zero with its bound.
std::string rate(std::uint64_t count, double divisor) {
  if (count > 0) return short_number(static_cast<double>(count) / divisor);
  return fmt::format("0 (<{})", short_number(poisson_interval(0).upper / divisor));
}

double delivered(const SideCell& cell) {
  return static_cast<double>(cell.cpus) * static_cast<double>(cell.operations);
}

std::string machine_line(const Findings& findings) {
  return fmt::format("{:<7} kernel {}, CPU {} of {}{}\n", fact(findings, "kernel.arch"),
                     fact(findings, "kernel.release"), findings.measured,
                     fact(findings, "cpu.online"),
                     emulation_of(findings.facts).empty() ? "" : ", emulated");
}

/// "12.0-12.4": CPU-seconds of the arms.
std::string exposure_text(const SideBySide& table) {
  double least = 0, most = 0;
  for (const auto& row : table.rows)
    for (const auto& cell : row.cells) {
      if (cell.exposure_s <= 0) continue;
      least = least == 0 ? cell.exposure_s : std::min(least, cell.exposure_s);
      most = std::max(most, cell.exposure_s);
    }
  const auto low = short_number(least), high = short_number(most);
  return low == high ? low : low + " to " + high;
}

}  // namespace

std::optional<double> per_operation(const SideCell& cell) {
  if (cell.operations == 0 || cell.count == 0) return std::nullopt;
  double background = 0;
  if (cell.idle_exposure_s > 0) {
    const Interval over = rate_difference_interval(cell.count, cell.exposure_s, cell.idle_count,
                                                   cell.idle_exposure_s);
    if (over.lower <= 0) return std::nullopt;
    background = static_cast<double>(cell.idle_count) / cell.idle_exposure_s * cell.exposure_s;
  }
  return (static_cast<double>(cell.count) - background) / delivered(cell);
}

SideBySide side_by_side(const std::vector<Findings>& all) {
  SideBySide out;
  for (const auto& one : all) out.machines.push_back(&one);
  for (const auto& arm : all.front().arms) {
    std::set<std::string> classes;
    for (const auto& one : all)
      for (const auto& cpu : one.interruptions.cpus)
        for (const auto& cause : cpu.causes)
          if (cpu.arm == arm.name && cause.name.by_ipi) classes.insert(cause.name.klass);
    if (classes.empty()) classes.insert("");
    for (const auto& klass : classes) {
      SideRow row{arm.name, klass, {}};
      for (const auto& one : all) row.cells.push_back(cell_of(one, arm.name, klass));
      out.rows.push_back(std::move(row));
    }
  }
  return out;
}

std::string render_side_by_side(const SideBySide& table) {
  std::vector<std::string> heads{"arm", "<class"};
  std::string out = "IPIs that reached the isolated CPUs, by class\n";
  for (const auto* machine : table.machines) {
    const auto arch = fact(*machine, "kernel.arch");
    heads.insert(heads.end(), {arch, arch + "/op"});
    out += machine_line(*machine);
  }
  TextTable text(heads, 18);
  std::vector<std::string> reasons, done;
  const std::string* arm = nullptr;
  for (const auto& row : table.rows) {
    const bool first = arm == nullptr || *arm != row.arm;
    arm = &row.arm;
    if (first && std::any_of(row.cells.begin(), row.cells.end(),
                             [](const auto& cell) { return cell.operations > 0; })) {
      std::vector<std::string> counts;
      for (const auto& cell : row.cells)
        counts.push_back(cell.operations > 0 ? std::to_string(cell.operations) : "-");
      done.push_back(row.arm + " " + join(counts, " and "));
    }
    std::vector<std::string> cells{first ? row.arm : "", row.klass.empty() ? "none" : row.klass};
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const auto& cell = row.cells[i];
      if (!cell.not_applicable.empty()) {
        cells.insert(cells.end(), {"n/a", ""});
        if (first)
          reasons.push_back(fmt::format("{} on {}: {}", row.arm,
                                        fact(*table.machines[i], "kernel.arch"),
                                        cell.not_applicable));
        continue;
      }
      cells.push_back(rate(cell.count, static_cast<double>(cell.cpus)));
      if (const auto net = per_operation(cell))
        cells.push_back(short_number(*net));
      else
        cells.push_back(cell.operations == 0 ? ""
                        : cell.count == 0    ? rate(0, delivered(cell))
                                             : "~idle");
    }
    text.row(cells);
  }
  out += '\n' + text.text() + '\n';
  out +=
      wrapped("", 0,
              fmt::format("Functions run for other CPUs and reschedule IPIs, mean of the isolated "
                          "CPUs, in {} CPU-seconds an arm. /op: more than in the idle arm, by "
                          "operation of the arm's workload; ~idle: not more, with 95 %. 0 (<x): "
                          "none was seen, x is the one-sided 95 % bound.",
                          exposure_text(table)));
  if (!done.empty()) out += wrapped("operations: ", 2, join(done, ", "));
  for (const auto& reason : reasons) out += wrapped("not applicable: ", 2, reason);
  return out;
}

Json side_by_side_json(const SideBySide& table) {
  JsonArray machines, rows;
  for (const auto* machine : table.machines)
    machines.push_back(JsonObject{{"arch", fact(*machine, "kernel.arch")},
                                  {"release", fact(*machine, "kernel.release")},
                                  {"measured", machine->measured},
                                  {"emulated", !emulation_of(machine->facts).empty()}});
  for (const auto& row : table.rows) {
    JsonArray cells;
    for (const auto& cell : row.cells) {
      if (!cell.not_applicable.empty()) {
        cells.push_back(JsonObject{{"not_applicable", cell.not_applicable}});
        continue;
      }
      const auto count = static_cast<double>(cell.count), cpus = static_cast<double>(cell.cpus);
      JsonObject one{{"count", cell.count},
                     {"cpus", cell.cpus},
                     {"exposure_s", rounded(cell.exposure_s)},
                     {"per_cpu", rounded(count / cpus)}};
      if (cell.count == 0)
        one.emplace("upper95_per_cpu", rounded(poisson_interval(0).upper / cpus));
      if (cell.operations > 0) one.emplace("operations", cell.operations);
      if (const auto net = per_operation(cell)) one.emplace("per_operation", rounded(*net));
      cells.push_back(Json(std::move(one)));
    }
    rows.push_back(JsonObject{{"arm", row.arm}, {"class", row.klass}, {"cells", std::move(cells)}});
  }
  return JsonObject{{"kind", "side_by_side"},
                    {"schema", 1},
                    {"machines", std::move(machines)},
                    {"rows", std::move(rows)}};
}

}  // namespace isolab
