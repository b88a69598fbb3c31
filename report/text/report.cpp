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
#include "report/text/page_cost.h"
#include "report/text/tables.h"

namespace isolab {
namespace {

constexpr std::size_t kChangesShown = 12;
constexpr std::size_t kSeenShown = 4;  // of one kind of warning

std::string fact(const Findings& findings, const std::string& key) {
  const auto found = findings.facts.find(key);
  return found == findings.facts.end() || found->second.starts_with("unknown:") ||
                 found->second.starts_with("not applicable:")
             ? ""
             : found->second;
}

std::string cpu_word(const std::string& list) {
  return list.find_first_of(",-") == std::string::npos ? "CPU" : "CPUs";
}

class Report {
 public:
  Report(const Findings& findings, const TextStyle& style) : findings_(findings), style_(style) {}

  std::string text() {
    header();
    section(fmt::format("{} the measured {}",
                        findings_.imported ? "What the files say of" : "What each arm did to",
                        cpu_word(findings_.measured)),
            conclusion(findings_), "");
    verdicts();
    listening();
    section("Who interrupted the measured CPUs", interruptions_text(findings_, style_.full), "");
    section("Interrupts per second on a measured CPU (mean)", interrupts_table(findings_),
            "Interrupts received, IPIs among them, not gaps. * above the idle arm (95 %); 0 (<x): "
            "none seen, x is the one-sided 95 % bound. On x86 function_call includes tlb.");
    section("Interrupts counted between the readings", counted_rows_table(findings_),
            "Not applicable: their rates. How long lay between the readings is not known.");
    section("Other rows that grew on a measured CPU", other_rows_table(findings_), "");
    section("IPIs per operation, on each measured CPU, less the idle arm's rate",
            ipis_table(findings_),
            splits_counted()
                ? "Expected counts one flush more for each split of the direct map in the window "
                  "(/proc/vmstat)."
                : "");
    section(
        "Work done", work_table(findings_),
        "user and system: seconds of the workload's processes in their whole life, per window.");
    section(
        "What taking pages out of the direct map costs", page_cost_text(findings_),
        "Ratios are medians over repeats, arm and control of one repeat paired; [95 % interval] "
        "from order statistics, (span) below 6 repeats.");
    section("Attached benchmarks", benchmarks_text(findings_), "");
    section("CPU time (% of the window, by /proc/stat)", time_table(findings_),
            "Idle is measured, the other states may be sampled at the tick (TICK_CPU_ACCOUNTING): "
            "a row need not add up to 100.");
    not_in_the_file();
    checks();
    not_applicable_arms();
    warnings();
    changed();
    reproduce();
    return std::move(out_);
  }

 private:
  void line(const std::string& text) { out_ += ascii(text) + '\n'; }
  void field(const char* name, const std::string& text) {
    if (!text.empty()) out_ += wrapped(fmt::format("{:<10} ", name), 11, text);
  }
  void heading(const std::string& title) {
    out_ += '\n';
    if (style_.colour)
      out_ += "\x1b[1m" + title + "\x1b[0m\n";
    else
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
    field("machine", machine());
    field("kernel", kernel());
    const char* isolated = findings_.measured_isolated ? "isolated" : "NOT ISOLATED";
    field("measured",
          fmt::format("{} {}: {} ({})", cpu_word(findings_.measured), findings_.measured,
                      findings_.imported ? "by another tool" : isolated, findings_.measured_why));
    if (findings_.imported) {
      field("probe", findings_.probe.empty() ? "none" : findings_.probe);
      return;
    }
    field("noise on", cpu_word(findings_.housekeeping) + (" " + findings_.housekeeping));
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
      if (metric.not_applicable.ends_with("do not carry it")) continue;  // of any probe
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
    section("Not applicable: the file does not carry it", body, "");
  }

  bool splits_counted() const {
    return std::any_of(findings_.metrics.begin(), findings_.metrics.end(),
                       [](const Metric& metric) {
                         return metric.name == metrics::ipis_per_op_expected && metric.n > 0;
                       });
  }

  std::string machine() const {
    const auto hypervisor = fact(findings_, "cpu.hypervisor");
    const auto online = fact(findings_, "cpu.online");
    std::vector<std::string> parts{
        fact(findings_, "machine.vendor") + " " + fact(findings_, "machine.product"),
        fact(findings_, "cpu.model"), online.empty() ? "" : "CPUs " + online,
        hypervisor == "none" || hypervisor.empty() ? "" : "under " + hypervisor};
    std::erase_if(
        parts, [](const auto& part) { return part.find_first_not_of(' ') == std::string::npos; });
    return join(parts, ", ");
  }

  std::string kernel() const {
    const auto line = fact(findings_, "kernel.command_line");
    return fact(findings_, "kernel.release") + (line.empty() ? "" : ": " + line);
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

  void listening() {
    const bool wakeup = findings_.probe_kind == "wakeup";
    section(wakeup ? "Wake-ups late by more than ..., per CPU-hour [95 % interval]"
                   : "Gaps longer than ..., per CPU-hour [95 % interval]",
            counts_table(findings_),
            "0 (<x): none seen; x is the one-sided 95 % upper bound, 3.0 / exposure.");
    const char* gaps =
        findings_.imported ? "Length of gaps (us)" : "Length of the busy loop's rounds (us)";
    section(wakeup ? "Lateness of wake-ups (us)" : gaps, lengths_table(findings_),
            wakeup ? "-: the samples do not carry it. max: in the time heard above."
                   : "Percentiles are shares of rounds, not of time; -: the samples do not carry "
                     "it. max: in the "
                     "time heard above.");
  }

  void verdicts() {
    std::string body;
    for (const auto& one : findings_.verdicts)
      body += wrapped(fmt::format("  {:<15} {}: ", one.outcome == "broken" ? "BROKEN" : one.outcome,
                                  ascii(one.arm)),
                      18, one.text + " (" + one.budget.reason + ")");
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
      body += wrapped(
          "  ", 2,
          "our own footprint on a measured CPU, the most of any arm, per window: " + footprint);
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

  /// Warnings of one kind stand together: what was seen each time, then why and what to do once.
  void warnings() {
    std::vector<std::vector<const FindingWarning*>> kinds;
    for (const auto& one : findings_.warnings) {
      const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) {
        return kind.front()->warning.id == one.warning.id &&
               kind.front()->warning.matters == one.warning.matters &&
               kind.front()->warning.advice == one.warning.advice;
      });
      if (same == kinds.end())
        kinds.push_back({&one});
      else
        same->push_back(&one);
    }
    std::string body;
    int number = 0;
    for (const auto& kind : kinds) {
      std::string head = fmt::format("{:>3} ", ++number);
      for (std::size_t i = 0; i < std::min(kind.size(), kSeenShown); ++i) {
        body += wrapped(head, 4, kind[i]->warning.seen + where_seen(*kind[i]));
        head = "    ";
      }
      if (kind.size() > kSeenShown)
        body +=
            fmt::format("    and {} more of this kind: isolab analyse\n", kind.size() - kSeenShown);
      const Warning& warning = kind.front()->warning;
      if (!warning.matters.empty()) body += wrapped("    why: ", 9, warning.matters);
      if (!warning.advice.empty()) body += wrapped("    do:  ", 9, warning.advice);
    }
    section("Warnings", body, "");
  }

  static std::string where_seen(const FindingWarning& one) {
    std::string where = one.arms.empty() ? "" : " [" + join(one.arms, ", ") + "]";
    if (one.times > 1 && one.arms.size() < static_cast<std::size_t>(one.times))
      where += fmt::format(" ({} times)", one.times);
    return where;
  }

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
    out_ += '\n';
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

}  // namespace

std::string render_report(const Findings& findings, const TextStyle& style) {
  return Report(findings, style).text();
}

}  // namespace isolab
