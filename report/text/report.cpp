// SPDX-License-Identifier: Apache-2.0
#include "report/text/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/model/metric_list.h"
#include "base/command_line.h"
#include "base/text.h"
#include "report/text/attribution.h"
#include "report/text/conclusion.h"
#include "report/text/format.h"
#include "report/text/machine_text.h"
#include "report/text/page_cost.h"
#include "report/text/tables.h"
#include "report/text/warning_kinds.h"

namespace isolab {
namespace {

constexpr std::size_t kChangesShown = 12;

class Report {
 public:
  Report(const Findings& findings, const TextStyle& style) : findings_(findings), style_(style) {}

  struct Part {
    const char* name;
    const char* summary;
    void (Report::*print)();
  };
  static const std::vector<Part>& parts();

  std::string text() {
    for (const auto& part : parts()) {
      const auto& asked = style_.sections;
      const bool named = std::find(asked.begin(), asked.end(), part.name) != asked.end();
      if (!asked.empty() && !named) continue;
      const auto before = out_.size();
      (this->*part.print)();
      if (named && out_.size() == before)
        line(fmt::format("{}: this recording has nothing to show", part.name));
    }
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += ascii(text) + '\n'; }
  void field(const char* name, const std::string& text) {
    if (!text.empty()) out_ += wrapped(fmt::format("{:<10} ", name), 11, text);
  }
  void heading(const std::string& title) {
    if (!out_.empty()) out_ += '\n';
    line(title);
    line(std::string(title.size(), '-'));
  }
  void section(const std::string& title, const std::string& body, const std::string& note) {
    if (body.empty()) return;
    heading(title);
    out_ += body;
    if (!note.empty()) out_ += wrapped("", 0, note);
  }

  void header() {
    line(fmt::format("isolab {}: {}", findings_.isolab_version, findings_.profile));
    line(std::string(kReportWidth, '='));
    field("question", findings_.question);
    imported();
    field("machine", machine_text(findings_.facts));
    field("kernel", kernel());
    const char* isolated = findings_.measured_isolated ? "isolated" : "NOT ISOLATED";
    field("measured",
          fmt::format("{} {}: {} ({})", cpu_word(findings_.measured), findings_.measured,
                      findings_.imported ? "by another tool" : isolated, findings_.measured_why));
    if (findings_.imported) {
      field("probe", findings_.probe.empty() ? "none" : findings_.probe);
      return;
    }
    field("load on", cpu_word(findings_.housekeeping) + (" " + findings_.housekeeping));
    field("probe", findings_.probe.empty() ? "none" : findings_.probe);
    field("floor", floor());
    field("design", design());
    field("status", status());
  }

  /// What isolab did not measure never looks as if it had.
  void imported() {
    if (!findings_.imported) return;
    const auto& from = *findings_.imported;
    field("imported",
          fmt::format("from {} ({}), not measured by isolab", join(from.files, ", "), from.format));
    std::string head = "unknown";
    for (const auto& lack : from.cannot_tell) {
      field(head.c_str(), lack);
      head.clear();
    }
  }

  /// Metrics of the probe that the file does not carry, by reason.
  void not_in_the_file() {
    if (!findings_.imported) return;
    std::vector<std::pair<std::string, std::vector<std::string>>> reasons;
    for (const auto& metric : findings_.metrics) {
      const auto* info = find_metric_info(metric.name);
      if (metric.not_applicable.empty() || info == nullptr || info->source != Source::probe)
        continue;
      const auto cpu = metric.labels.find("cpu");
      if (cpu != metric.labels.end() && cpu->second != "all") continue;
      if (metric.not_applicable.ends_with("are too few")) continue;  // of any probe
      // "p99.9 lies in the overflow: ..." is one reason for all percentiles.
      const auto lies = metric.not_applicable.find(" lies in the overflow");
      const auto why = metric.labels.at("arm") + ": " +
                       (lies == std::string::npos ? metric.not_applicable
                                                  : metric.not_applicable.substr(lies + 1));
      auto same = std::find_if(reasons.begin(), reasons.end(),
                               [&](const auto& reason) { return reason.first == why; });
      if (same == reasons.end()) same = reasons.insert(reasons.end(), {why, {}});
      same->second.push_back(metric.name);
    }
    std::string body;
    for (const auto& [why, names] : reasons)
      body += wrapped("  ", 4,
                      fmt::format("{}{} ({})", names.front(),
                                  names.size() > 1 ? " to " + names.back() : "", why));
    section("Not applicable: not in the file", body, "");
  }

  bool splits_counted() const {
    return std::any_of(findings_.metrics.begin(), findings_.metrics.end(),
                       [](const Metric& metric) {
                         return metric.name == metrics::ipis_per_op_expected && metric.n > 0;
                       });
  }

  std::string kernel() const {
    const auto line = known_fact(findings_.facts, "kernel.command_line");
    const auto shown = style_.full ? line : short_command_line(line);
    return known_fact(findings_.facts, "kernel.release") + (shown.empty() ? "" : ": " + shown);
  }

  /// What bounds every time below: the counter's tick and the loop's own round.
  std::string floor() const {
    double tick = 0;
    double round = 0;
    for (const auto& metric : findings_.metrics) {
      if (!metric.value) continue;
      if (metric.name == metrics::counter_tick) tick = std::max(tick, *metric.value);
      if (metric.name == metrics::loop_floor) round = std::max(round, *metric.value);
    }
    if (tick == 0) return {};
    return fmt::format(
        "the counter ticks every {}, a round of the loop takes {}: no time here is finer than {}",
        human_time(tick), human_time(round), human_time(std::max(tick, round)));
  }

  std::string design() const {
    const auto ran = std::count_if(findings_.arms.begin(), findings_.arms.end(),
                                   [](const ArmSummary& arm) { return arm.windows > 0; });
    return fmt::format("{} arms x {} repeat{} x {} after {} of warm-up, {}", ran, findings_.repeats,
                       findings_.repeats == 1 ? "" : "s", short_span(findings_.measure_s),
                       short_span(findings_.warmup_s), findings_.order);
  }

  std::string status() const {
    int count = 0;
    int out = 0;
    for (const auto& arm : findings_.arms) {
      count += arm.windows;
      out += arm.windows_left_out;
    }
    return fmt::format("{}; {} to {}; {} windows count, {} left out", findings_.status,
                       findings_.started_utc, findings_.ended_utc, count, out);
  }

  void verdicts() {
    section(fmt::format("{} the measured {}",
                        findings_.imported ? "What the files say of" : "What each arm did to",
                        cpu_word(findings_.measured)),
            conclusion(findings_), "");
  }

  bool of_wakeups() const { return findings_.probe_kind == "wakeup"; }

  void gaps() {
    section(of_wakeups() ? "Wake-ups late by more than ..., per CPU-hour [95 % interval]"
                         : "Gaps longer than ..., per CPU-hour [95 % interval]",
            counts_table(findings_),
            "0 (<x): none seen; x is the one-sided 95 % upper bound, 3.0 / observation time.");
  }

  void lengths() {
    const std::string marks =
        "-: too few samples. max: over the observation time of the table above.";
    const char* gaps =
        findings_.imported ? "Length of gaps (us)" : "Length of the busy loop's rounds (us)";
    section(of_wakeups() ? "Lateness of wake-ups (us)" : gaps, lengths_table(findings_),
            of_wakeups() ? marks : "Percentiles are shares of rounds, not of time. " + marks);
  }

  void causes() {
    section("What interrupted the measured CPUs", interruptions_text(findings_, style_.full), "");
  }

  void interrupts() {
    section("Interrupts per second on a measured CPU (mean)", interrupts_table(findings_),
            "Interrupts received, IPIs among them, not gaps. * above the idle arm (95 %); 0 (<x): "
            "none seen, x is the one-sided 95 % bound. On x86 function_call includes tlb.");
  }

  void counted() {
    section("Interrupts counted between the readings", counted_rows_table(findings_),
            "Not applicable: their rates. How long lay between the readings is not known.");
  }

  void devices() {
    section("Other rows that grew on a measured CPU", other_rows_table(findings_), "");
  }

  void operations() {
    section("IPIs per operation, on each measured CPU, minus the idle arm's rate",
            ipis_table(findings_),
            splits_counted()
                ? "Expected counts one more flush for each split of the direct map in the window "
                  "(/proc/vmstat)."
                : "");
  }

  void work() {
    section(
        "Work done", work_table(findings_),
        "user and system: seconds of the workload's processes in their whole life, per window.");
  }

  void page_cost() {
    section("What taking pages out of the direct map costs", page_cost_text(findings_),
            "Ratios are medians over repeats, arm and control of one repeat paired; [95 % "
            "interval] from order statistics, (span) below 6 repeats.");
  }

  void benchmarks() { section("Attached benchmarks", benchmarks_text(findings_), ""); }

  void cpu_time() {
    section("CPU time (% of the window, by /proc/stat)", time_table(findings_),
            "Idle is measured, the other states may be sampled at the tick (TICK_CPU_ACCOUNTING): "
            "a row need not add up to 100.");
  }

  void budgets() {
    std::string body;
    for (const auto& verdict : findings_.verdicts)
      body += wrapped(
          fmt::format("  {:<15} {}: ", verdict.outcome == "broken" ? "BROKEN" : verdict.outcome,
                      ascii(verdict.arm)),
          18, verdict.text + " (" + verdict.budget.reason + ")");
    section("Budget", body, "");
  }

  void checks() {
    double wall = 0;
    double drift = 0;
    double dropped = 0;
    bool any = false;
    std::map<std::string, double> ours;
    for (const auto& metric : findings_.metrics) {
      if (!metric.value) continue;
      any = any || metric.name == metrics::wall_error;
      if (metric.name == metrics::wall_error) wall = std::max(wall, *metric.value);
      if (metric.name == metrics::clock_drift) drift = std::max(drift, *metric.value);
      if (metric.name == metrics::gaps_dropped) dropped = std::max(dropped, *metric.value);
      if (metric.name == metrics::footprint)
        ours[metric.labels.at("count")] = std::max(ours[metric.labels.at("count")], *metric.value);
    }
    std::string body;
    if (any)
      body += wrapped(
          "  ", 2,
          fmt::format(
              "sum of all rounds = wall time within {:.3f} ppm; the counter drifted at most "
              "{:.3f} ppm; at most {:.0f} gaps of an arm were dropped by the log",
              wall, drift, dropped));
    std::string footprint;
    for (const auto& [name, most] : ours) {
      std::string word = name;
      std::replace(word.begin(), word.end(), '_', ' ');
      append_item(footprint, ", ", fmt::format("{} {}", short_number(most), word));
    }
    if (!footprint.empty())
      body +=
          wrapped("  ", 2,
                  "isolab's own footprint on a measured CPU, the largest of any arm, per window: " +
                      footprint);
    if (findings_.imported)
      for (const auto& agrees : findings_.imported->checked) body += wrapped("  ", 4, agrees);
    section("Self-checks", body, "");
  }

  void not_applicable_arms() {
    std::string body;
    for (const auto& arm : findings_.arms)
      if (!arm.not_applicable.empty())
        body += wrapped("  " + ascii(arm.name) + ": ", 4, arm.not_applicable);
    section("Not applicable here", body, "");
  }

  void warnings() { section("Warnings", warnings_text(findings_), ""); }

  void changed() {
    std::string body;
    for (std::size_t i = 0; i < std::min(findings_.changed.size(), kChangesShown); ++i)
      body += wrapped("  ", 4, findings_.changed[i]);
    if (findings_.changed.size() > kChangesShown)
      body += fmt::format("  and {} more, see manifest.json\n",
                          findings_.changed.size() - kChangesShown);
    section("What the run wrote to the machine", body, "");
  }

  void reproduce() {
    if (!out_.empty()) out_ += '\n';
    std::string command;
    for (const auto& word : findings_.command_line) append_item(command, " ", shell_word(word));
    if (findings_.imported) {
      field("reproduce:", command);
      return;
    }
    field("reproduce:", fmt::format("{}   (profile sha256 {})", command, findings_.profile_hash));
  }

  const Findings& findings_;
  const TextStyle& style_;
  std::string out_;
};

const std::vector<Report::Part>& Report::parts() {
  static const std::vector<Part> kParts{
      {"machine", "machine, kernel, isolation, probe, design of the run", &Report::header},
      {"verdicts", "what each arm changed, against the idle arm", &Report::verdicts},
      {"budget", "the profile's budgets: kept, BROKEN or not proven", &Report::budgets},
      {"gaps", "gaps (or late wake-ups) over each limit, per hour, with intervals", &Report::gaps},
      {"lengths", "percentiles, maximum and time lost", &Report::lengths},
      {"causes", "what interrupted each CPU, who sent it, what it cost", &Report::causes},
      {"interrupts", "rows of /proc/interrupts per second", &Report::interrupts},
      {"counted", "interrupts of an imported file without times", &Report::counted},
      {"devices", "device interrupts and softirqs", &Report::devices},
      {"ipis", "IPIs per operation beside the expected number", &Report::operations},
      {"work", "operations of the workloads, and their CPU time", &Report::work},
      {"page_cost", "what taking pages out of the direct map costs", &Report::page_cost},
      {"benchmarks", "results that isolab attach added", &Report::benchmarks},
      {"cpu_time", "CPU time of measured and housekeeping CPUs", &Report::cpu_time},
      {"not_in_file", "what an imported file does not have, and why", &Report::not_in_the_file},
      {"checks", "whether the probe's own times add up", &Report::checks},
      {"not_applicable", "arms that cannot run here, and why", &Report::not_applicable_arms},
      {"warnings", "all warnings, with why they matter and what to do", &Report::warnings},
      {"changes", "what the run wrote to the machine", &Report::changed},
      {"reproduce", "the command line and the hash of the profile", &Report::reproduce}};
  return kParts;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> report_sections() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& part : Report::parts()) out.emplace_back(part.name, part.summary);
  return out;
}

Result<std::string> render_report(const Findings& findings, const TextStyle& style) {
  for (const auto& name : style.sections) {
    std::vector<std::string> known;
    for (const auto& part : Report::parts()) known.emplace_back(part.name);
    if (std::find(known.begin(), known.end(), name) == known.end())
      return Error{ErrorKind::usage, "the report has no section \"" + name + "\"",
                   "sections: " + join(known, ", ")};
  }
  return Report(findings, style).text();
}

}  // namespace isolab
