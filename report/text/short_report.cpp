// SPDX-License-Identifier: Apache-2.0
#include "report/text/short_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <vector>

#include "analysis/metrics/emulation.h"
#include "analysis/model/metric_list.h"
#include "base/text.h"
#include "report/text/arm_verdict.h"
#include "report/text/conclusion.h"
#include "report/text/machine_text.h"
#include "report/text/report.h"
#include "report/text/warning_kinds.h"

namespace isolab {
namespace {

constexpr std::size_t kMostNameWidth = 19;   // longer names have their own line
constexpr const char* kCausesIndent = "  ";  // of a line of causes

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// "isolcpus=2-3 nohz_full=2-3"; "" where the command line has none of the three.
std::string isolation_parameters(const Facts& facts) {
  std::istringstream words(known_fact(facts, "kernel.command_line"));
  std::string out;
  for (std::string word; words >> word;)
    for (const char* name : {"isolcpus=", "nohz_full=", "rcu_nocbs="})
      if (word.starts_with(name)) append_item(out, " ", word);
  return out;
}

class ShortReport {
 public:
  ShortReport(const Findings& findings, const std::string& worst_gap, std::size_t width)
      : findings_(findings),
        worst_gap_(worst_gap),
        width_(width),
        threshold_us_(telling_threshold(findings)) {
    for (const auto& arm : findings.arms)
      if (arm.windows > 0) {
        arms_.push_back(&arm);
        verdicts_.push_back(verdict_of(findings, arm, threshold_us_, width - 2));
      }
  }

  std::string text() const {
    std::string below = end(brief_warnings(findings_));
    std::size_t room = room_above(below);
    if (lines_of_causes() > room) {  // then the warnings by their names, which is shorter
      below = end(warning_names(findings_));
      room = room_above(below);
    }
    const auto shown = causes_that_fit(room);
    std::string out = header() + '\n' + table(shown);
    if (const auto hidden = said() - shown.size(); hidden > 0)
      out +=
          fmt::format("{}{} more arms have causes: isolab report DIR --section verdicts,causes\n",
                      kCausesIndent, hidden);
    if (lines_of(out) + lines_of(below) < kScreenLines) out += '\n';
    return folded(out + below, width_);
  }

 private:
  std::string header() const {
    const auto parameters = isolation_parameters(findings_.facts);
    std::string out = wrapped(
        "", 2,
        fmt::format("{} on {}; Linux {}{}", findings_.profile, machine_text(findings_.facts),
                    known_fact(findings_.facts, "kernel.release"),
                    parameters.empty() ? "" : " " + parameters),
        width_);
    std::string line =
        fmt::format("{} {} {} ({}), {}, {} x {}; load on {} {}", cpu_word(findings_.measured),
                    findings_.measured, findings_.measured_isolated ? "isolated" : "NOT ISOLATED",
                    findings_.measured_why, findings_.probe.empty() ? "no probe" : findings_.probe,
                    findings_.repeats, short_span(findings_.measure_s),
                    cpu_word(findings_.housekeeping), findings_.housekeeping);
    out += wrapped("", 2, line, width_);
    if (findings_.status != "complete") out += wrapped("INCOMPLETE: ", 2, findings_.status, width_);
    if (const auto emulation = emulation_of(findings_.facts); !emulation.empty())
      out += wrapped("", 2, "EMULATED, times are withheld: " + emulation, width_);
    return out;
  }

  /// The numbers of every arm, and below them the causes of the arms in `shown`.
  std::string table(const std::vector<std::size_t>& shown) const {
    if (arms_.empty()) return {};
    const bool late = findings_.probe_kind == "wakeup";
    const std::vector<std::pair<std::string, std::string VerdictCells::*>> columns{
        {"lost/s ", &VerdictCells::lost},
        {"unexpl", &VerdictCells::unexplained},
        {"outside", &VerdictCells::outside},
        {fmt::format(">{} us/h ", threshold_us_), &VerdictCells::rate},
        {"<[95 %]", &VerdictCells::interval},
        {late ? "latest" : "longest", &VerdictCells::longest},
        {"<IPIs per operation", &VerdictCells::per_operation}};
    std::vector<std::string> header{"arm"};
    std::vector<std::string VerdictCells::*> used;
    for (const auto& column : columns) {
      const bool any = std::any_of(verdicts_.begin(), verdicts_.end(), [&](const auto& verdict) {
        return !(verdict.cells.*column.second).empty();
      });
      if (!any) continue;
      header.push_back(column.first);
      used.push_back(column.second);
    }
    TextTable table(header, name_width());
    for (std::size_t i = 0; i < arms_.size(); ++i) {
      std::vector<std::string> row{arms_[i]->name};
      for (const auto cell : used)
        row.push_back((verdicts_[i].cells.*cell).empty() && cell != &VerdictCells::per_operation &&
                              cell != &VerdictCells::interval
                          ? "-"
                          : verdicts_[i].cells.*cell);
      table.row(std::move(row));
      if (std::find(shown.begin(), shown.end(), i) == shown.end()) continue;
      std::istringstream lines(causes(i));
      for (std::string line; std::getline(lines, line);) table.row({line});
    }
    return table.text();
  }

  std::size_t name_width() const {
    std::size_t width = 3;
    for (const auto* arm : arms_)
      if (arm->name.size() <= kMostNameWidth) width = std::max(width, arm->name.size());
    return width;
  }

  std::string causes(std::size_t arm) const {
    return wrapped(kCausesIndent, 4, verdicts_[arm].causes, width_);
  }
  std::size_t said() const {
    return static_cast<std::size_t>(
        std::count_if(verdicts_.begin(), verdicts_.end(),
                      [](const auto& verdict) { return !verdict.causes.empty(); }));
  }

  std::size_t lines_of_causes() const {
    std::size_t lines = 0;
    for (std::size_t i = 0; i < verdicts_.size(); ++i)
      if (!verdicts_[i].causes.empty()) lines += lines_of(causes(i));
    return lines;
  }

  /// The arms whose causes fit into `room` lines, those with the clearest effect first.
  std::vector<std::size_t> causes_that_fit(std::size_t room) const {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < verdicts_.size(); ++i)
      if (!verdicts_[i].causes.empty()) order.push_back(i);
    if (lines_of_causes() <= room) return order;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return verdicts_[a].clearness > verdicts_[b].clearness;
    });
    std::size_t used = 1;  // the line that counts the others
    std::size_t kept = 0;
    while (kept < order.size() && used + lines_of(causes(order[kept])) <= room)
      used += lines_of(causes(order[kept++]));
    order.resize(kept);
    return order;
  }

  /// Arms that are like the idle one, with the smallest rise that would have been found.
  std::string quiet_arms() const {
    std::vector<std::string> names;
    std::vector<const ArmEffect*> effects;
    for (std::size_t i = 0; i < arms_.size(); ++i) {
      if (!verdicts_[i].quiet) continue;
      names.push_back(arms_[i]->name);
      for (const auto& effect : findings_.effects)
        if (effect.arm == arms_[i]->name) effects.push_back(&effect);
    }
    if (names.empty()) return {};
    const auto rises = smallest_rises(findings_, effects);
    return wrapped("no measurable effect  ", 2,
                   join(names, ", ") + (rises.empty() ? "" : "; detectable: " + rises), width_);
  }

  std::string arms_without_numbers() const {
    std::string reasons;
    std::vector<std::string> no_data;
    for (const auto& arm : findings_.arms) {
      if (!arm.not_applicable.empty())
        append_item(reasons, "; ",
                    arm.not_applicable.starts_with(arm.name + ": ")
                        ? arm.not_applicable
                        : arm.name + ": " + arm.not_applicable);
      else if (arm.windows == 0)
        no_data.push_back(arm.name);
    }
    std::string out;
    if (!reasons.empty()) out += wrapped("not applicable  ", 2, reasons, width_);
    if (!no_data.empty()) out += wrapped("no data  ", 2, join(no_data, ", "), width_);
    return out;
  }

  std::string budgets() const {
    std::string out;
    std::size_t kept = 0;
    for (const auto& verdict : findings_.verdicts) {
      if (verdict.outcome == "kept")
        ++kept;
      else
        out += wrapped(
            "budget  ", 2,
            fmt::format("{} {}: {}", verdict.outcome == "broken" ? "BROKEN" : verdict.outcome,
                        verdict.arm, verdict.text),
            width_);
    }
    if (kept > 0) out += fmt::format("budget  {} kept\n", kept);
    return out;
  }

  std::string worst() const {
    if (!worst_gap_.empty()) return wrapped("worst gap  ", 2, worst_gap_, width_);
    const bool late = findings_.probe_kind == "wakeup";
    const LengthMetrics names = length_metrics(late);
    const Metric* longest = nullptr;
    std::uint64_t over_1us = 0;
    for (const auto& metric : findings_.metrics) {
      if (metric.name == names.counts.over(1)) over_1us += metric.n;
      if (metric.name == names.longest && metric.value && metric.labels.at("cpu") != "all" &&
          (longest == nullptr || *metric.value > *longest->value))
        longest = &metric;
    }
    if (longest == nullptr) return {};
    const std::string head = late ? "latest wake-up  " : "worst gap  ";
    if (over_1us == 0) return head + "none over 1 us\n";
    return wrapped(
        head, 2,
        fmt::format("{} in {} (CPU {}): cause not known: {}", words_us(*longest->value),
                    longest->labels.at("arm"), longest->labels.at("cpu"),
                    late ? "wake-ups are not joined to the trace" : "it is not in the gap log"),
        width_);
  }

  /// What is printed below the table.
  std::string end(const std::string& warnings) const {
    return quiet_arms() + arms_without_numbers() + budgets() + worst() +
           (warnings.empty() ? "" : wrapped("warnings  ", 2, warnings, width_)) + more();
  }
  /// The lines of the screen that are left for causes.
  std::size_t room_above(const std::string& below) const {
    const std::size_t fixed = lines_of(header()) + 1 + lines_of(table({})) + lines_of(below);
    return fixed < kScreenLines ? kScreenLines - fixed : 0;
  }

  std::string more() const {
    const bool idle =
        std::any_of(arms_.begin(), arms_.end(), [](const ArmSummary* arm) { return arm->idle; });
    const std::string star = !findings_.effects.empty() ? "* differs from idle, up or down (95 %). "
                             : idle                     ? ""
                                                        : "no idle arm: nothing is tested. ";
    return wrapped("", 2, star + "More: isolab report DIR --section list; isolab spikes DIR",
                   width_);
  }

  const Findings& findings_;
  const std::string& worst_gap_;
  std::size_t width_;
  int threshold_us_;
  std::vector<const ArmSummary*> arms_;  // with numbers
  std::vector<ArmVerdict> verdicts_;     // of `arms_`
};

}  // namespace

std::string render_short_report(const Findings& findings, const std::string& worst_gap,
                                std::size_t width) {
  if (findings.imported) return render_report(findings, {}).value_or(std::string());
  return ShortReport(findings, worst_gap, width).text();
}

}  // namespace isolab
