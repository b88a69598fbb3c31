// SPDX-License-Identifier: Apache-2.0
#include "report/html/recording_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/metrics/emulation.h"
#include "base/command_line.h"
#include "base/text.h"
#include "report/export/folded.h"
#include "report/html/assets.h"
#include "report/html/attribution_tables.h"
#include "report/html/document.h"
#include "report/html/page_data.h"
#include "report/spikes.h"
#include "report/text/machine_text.h"
#include "report/text/report.h"
#include "report/text/short_report.h"
#include "report/text/tables.h"
#include "report/text/warning_kinds.h"
#include "report/worst_gap.h"

namespace isolab {
namespace {

constexpr std::size_t kMostStories = 4000;
constexpr std::size_t kFewestStories = 10;  // of a window
constexpr std::size_t kMostStoriesOfAWindow = 400;

class RecordingPage {
 public:
  /// `summary`: the first screen of the report; `full`: all of it.
  RecordingPage(const Findings& findings, const PageExtras& extras, std::string summary,
                std::string full)
      : findings_(findings),
        extras_(extras),
        summary_(std::move(summary)),
        full_(std::move(full)) {}

  std::string body() const {
    return head() + "<main>\n" +
           html_section("summary", "The first screen of the report", preformatted(summary_)) +
           verdicts() + warnings() + gaps() + stolen() + attribution() + tables() + rest() +
           "</main>\n";
  }

 private:
  static std::string preformatted(const std::string& text) {
    return text.empty() ? "" : html_element("pre", "", text) + "\n";
  }
  static std::string fact_line(const char* name, const std::string& text) {
    return text.empty() ? "" : html_element("dt", "", name) + html_element("dd", "", text) + "\n";
  }
  bool wakeups() const { return findings_.probe_kind == "wakeup"; }

  std::string badges() const {
    const auto cpus = cpu_word(findings_.measured) + " " + findings_.measured;
    std::string out =
        findings_.measured_isolated
            ? html_element("span", "badge good", cpus + " isolated: " + findings_.measured_why)
            : html_element("span", "badge bad", cpus + " NOT ISOLATED: " + findings_.measured_why);
    if (const auto why = emulation_of(findings_.facts); !why.empty())
      out += html_element("span", "badge bad", "times withheld: " + why);
    if (findings_.status != "complete")
      out += html_element("span", "badge bad", "recording is " + findings_.status);
    if (const auto host = known_fact(findings_.facts, "cpu.hypervisor");
        !host.empty() && host != "none")
      out += html_element("span", "badge", "under " + host);
    return out;
  }

  std::string head() const {
    std::string out = "<header>\n" + html_element("h1", "", findings_.profile) + "\n";
    if (!findings_.question.empty()) out += html_element("p", "question", findings_.question);
    out += "<p class=\"badges\">" + badges() + "</p>\n<dl>\n";
    out += fact_line("machine", machine_text(findings_.facts));
    out += fact_line("kernel", known_fact(findings_.facts, "kernel.release"));
    out += fact_line("load on", cpu_word(findings_.housekeeping) + " " + findings_.housekeeping);
    out += fact_line("probe", findings_.probe.empty() ? "none" : findings_.probe);
    out += fact_line("windows", windows());
    out += fact_line("recorded", findings_.started_utc + " by isolab " + findings_.isolab_version);
    return out + "</dl>\n</header>\n" + "<nav id=\"choose\" hidden></nav>\n";  // recording.js
  }

  std::string windows() const {
    int count = 0, out = 0;
    for (const auto& arm : findings_.arms) count += arm.windows, out += arm.windows_left_out;
    return fmt::format("{} of {:.3g} s count, {} left out", count, findings_.measure_s, out);
  }

  std::string verdicts() const {
    std::string out;
    for (const auto& verdict : findings_.verdicts)
      out +=
          "<li>" +
          html_element("b", verdict.outcome == "broken" ? "bad" : "",
                       verdict.outcome == "broken" ? "BROKEN" : verdict.outcome) +
          html_text(fmt::format(" {}: {} ({})", verdict.arm, verdict.text, verdict.budget.reason)) +
          "</li>\n";
    return html_section("budget", "Budget", out.empty() ? "" : "<ul>\n" + out + "</ul>\n");
  }

  /// A kind of warning once, with what was seen each time.
  std::string warnings() const {
    const auto kinds = warning_kinds(findings_);
    if (kinds.empty()) return {};
    std::string out;
    for (const auto& kind : kinds) {
      out += "<li>";
      for (const auto* warning : kind) out += html_element("div", "seen", seen_text(*warning));
      const auto& first = kind.front()->warning;
      if (!first.matters.empty())
        out += html_element("div", "why", "Why it matters: " + first.matters);
      if (!first.advice.empty()) out += html_element("div", "why", "What to do: " + first.advice);
      out += "</li>\n";
    }
    return fmt::format(
        "<section id=\"warnings\"><details><summary>Warnings: {}</summary>\n<ol>\n{}"
        "</ol></details></section>\n",
        html_text(warning_names(findings_)), out);
  }

  std::string gaps() const {
    std::string body =
        "<div id=\"timeline\" class=\"chart\" hidden></div>\n"
        "<div id=\"story\" class=\"story\" hidden aria-live=\"polite\"></div>\n";
    if (extras_.spikes)
      body += longest_gaps(*extras_.spikes);
    else
      body += html_element("p", "note", "No stories of gaps: " + extras_.no_spikes);
    return html_section("gaps", wakeups() ? "Late wake-ups over time" : "Gaps over time", body,
                        extras_.spikes ? "A gap's class is the one with most of its time. Each "
                                         "window shows its longest gaps."
                                       : "");
  }

  std::string stolen() const {
    if (!extras_.stolen)
      return html_section("flame", "Who took the time",
                          html_element("p", "note", "Not applicable: " + extras_.no_stolen));
    std::string body =
        "<div id=\"flamegraph\" class=\"chart\" hidden></div>\n" + stolen_table(*extras_.stolen);
    for (const auto& remark : extras_.stolen->remarks)
      body += html_element("p", "note", remark) + "\n";
    return html_section("flame", "Who took the time: lost time by cause, sender and stack", body,
                        "Every part of every gap counts for one cause; the rows of an arm and CPU "
                        "sum to its lost time. isolab export DIR --folded FILE has all of them.");
  }

  std::string attribution() const {
    return html_section("causes", "Causes of gaps, by arm and CPU", causes_by_arm(findings_),
                        "sends: calls queued and reschedule IPIs sent; runs: functions run; begun: "
                        "gaps that it began; gaps: in which it has time.") +
           html_section("noise", "Noise budget: us lost per second of wall time, by class",
                        budget_by_arm(findings_),
                        "useful: the probe ran. The parts of a row sum to 1,000,000.");
  }

  static std::string section_of(std::string_view id, std::string_view title,
                                const ReportTable& rows, std::string_view note = {}) {
    if (rows.table.empty()) return {};
    return html_section(id, title, html_table(id, rows.table) + preformatted(rows.notes), note);
  }

  std::string tables() const {
    return section_of(
               "counts",
               wakeups() ? "Wake-ups late by more than ..., per CPU-hour [95 % interval]"
                         : "Gaps longer than ..., per CPU-hour [95 % interval]",
               counts_table(findings_),
               "0 (<x): none seen; x is the one-sided 95 % upper bound, 3.0 / observation time.") +
           (findings_.series.arms.empty() ? ""
                                          : "<div id=\"ccdf\" class=\"chart\" hidden></div>\n") +
           section_of(
               "lengths",
               wakeups() ? "Lateness of wake-ups (us)" : "Length of the busy loop's rounds (us)",
               lengths_table(findings_),
               wakeups() ? "-: too few samples."
                         : "Percentiles are shares of rounds, not of time; -: too few samples.") +
           section_of("interrupts", "Interrupts per second on a measured CPU (mean)",
                      interrupts_table(findings_),
                      "* above the idle arm (95 %); 0 (<x): none seen, x is the one-sided 95 % "
                      "bound. On x86 function_call includes tlb.") +
           section_of("rows", "Other rows that grew on a measured CPU",
                      other_rows_table(findings_)) +
           section_of("ipis", "IPIs per operation, on each measured CPU, minus the idle arm's rate",
                      ipis_table(findings_)) +
           section_of("work", "Work done", work_table(findings_),
                      "user and system: seconds of the workload's processes in their whole life, "
                      "per window.") +
           section_of("cputime", "CPU time (% of the window, by /proc/stat)",
                      time_table(findings_));
  }

  std::string rest() const {
    std::string missing;
    for (const auto& arm : findings_.arms)
      if (!arm.not_applicable.empty())
        missing += "<li>" + html_element("b", "", arm.name) + html_text(": " + arm.not_applicable) +
                   "</li>\n";
    std::string command;
    for (const auto& word : findings_.command_line) append_item(command, " ", shell_word(word));
    TextTable facts({"fact", "<value"}, 30);
    for (const auto& [key, value] : findings_.facts) facts.row({key, value});
    return html_section("missing", "Not applicable here",
                        missing.empty() ? "" : "<ul>\n" + missing + "</ul>\n") +
           "<section id=\"text\"><details><summary>The report as text</summary>\n" +
           preformatted(full_) + "</details></section>\n" +
           "<section id=\"facts\"><details><summary>The machine: all facts</summary>\n" +
           html_table("facts", facts) + "</details></section>\n" +
           html_section("reproduce", "Reproduce",
                        "<p>" + html_element("code", "", command) + "<br>" +
                            html_text("profile sha256 " + findings_.profile_hash) + "</p>\n");
  }

  const Findings& findings_;
  const PageExtras& extras_;
  std::string summary_, full_;
};

Result<PageExtras> page_extras(const Recording& recording,
                               const std::vector<ClassRule>& own_rules) {
  PageExtras out;
  if (const auto why = emulation_of(recording.facts); !why.empty()) {
    out.no_spikes = out.no_stolen = why;
    return out;
  }
  SpikeOptions options;
  options.own_rules = own_rules;
  options.each_window = true;
  options.limit = std::clamp(kMostStories / std::max<std::size_t>(1, recording.windows.size()),
                             kFewestStories, kMostStoriesOfAWindow);
  auto spikes = spikes_as_json(recording, options);
  auto stolen = known_stolen_time(recording, own_rules, {});
  for (const auto* failed :
       {spikes ? nullptr : &spikes.error(), stolen ? nullptr : &stolen.error()})
    if (failed != nullptr && failed->kind != ErrorKind::unsupported) return *failed;
  if (spikes)
    out.spikes = std::move(*spikes);
  else
    out.no_spikes = spikes.error().what;
  if (stolen)
    out.stolen = std::move(*stolen);
  else
    out.no_stolen = stolen.error().what;
  return out;
}

}  // namespace

Result<std::string> render_recording_page(const Recording& recording, const Findings& findings,
                                          const std::vector<ClassRule>& own_rules) {
  const auto extras = TRY(page_extras(recording, own_rules));
  HtmlPage page;
  page.title = fmt::format("isolab: {}", findings.profile);
  const auto summary = render_short_report(findings, worst_gap_text(recording, own_rules));
  const auto full = TRY(render_report(findings, {.full = true}));
  page.body = RecordingPage(findings, extras, summary, full).body();
  page.json = page_data(findings, extras);
  page.styles = {assets::uplot_css, assets::flame_css};
  page.scripts = {assets::uplot_js, assets::d3_js, assets::flame_js, assets::gaps_js,
                  assets::recording_js};
  page.libraries = {{"uPlot 1.6.32", assets::uplot_licence},
                    {"d3-flame-graph 4.1.3", assets::flame_licence},
                    {"d3-selection 3.0.0", assets::d3_licence}};
  return html_file(page);
}

}  // namespace isolab
