// SPDX-License-Identifier: Apache-2.0
#include "cli/finish_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "analysis/analyse.h"
#include "analysis/checks/budget.h"
#include "analysis/model/findings.h"
#include "base/exit_code.h"
#include "base/output.h"
#include "base/text.h"
#include "base/text_file.h"
#include "cli/report_output.h"
#include "report/json/findings_json.h"
#include "report/text/short_report.h"
#include "report/worst_gap.h"
#include "results/durable.h"
#include "results/recording.h"
#include "runner/charts.h"
#include "runner/complain.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

/// What could not run here, as the last line; changes the exit code. Arms of another boot are not
/// counted: they run in theirs.
void note_missing_arms(const Findings& findings, Kept& kept) {
  std::string names;
  std::size_t missing = 0, measured = 0;
  for (const auto& arm : findings.arms) {
    if (arm.boot) ++measured;
    if (arm.boot || arm.idle) continue;
    if (arm.not_applicable.empty()) {
      ++measured;
      continue;
    }
    ++missing;
    append_item(names, ", ", arm.name);
  }
  if (missing == 0) return;
  kept.lines.push_back(fmt::format("{} of {} arms {} not applicable here: {}{}", missing,
                                   findings.arms.size(), missing == 1 ? "was" : "were", names,
                                   measured == 0 ? "; only the idle arm was measured" : ""));
  if (measured == 0 && kept.code == ExitCode::done) kept.code = ExitCode::not_applicable;
}

/// "charts: DIR/charts (ccdf, timeline as csv, png, svg)": there are three files a chart.
std::string charts_line(const std::vector<fs::path>& files, const fs::path& directory) {
  std::set<std::string> names, forms;
  for (const auto& file : files) {
    names.insert(file.stem().string());
    forms.insert(file.extension().string().erase(0, 1));
  }
  return fmt::format("charts: {} ({} as {})", directory.string(), fmt::join(names, ", "),
                     fmt::join(forms, ", "));
}

}  // namespace

Result<std::vector<ClassRule>> read_rules(const std::string& file) {
  if (file.empty()) return std::vector<ClassRule>{};
  return parse_class_rules(file, TRY(read_text_file(file)));
}

Result<std::vector<fs::path>> draw_below(const OpenDirectory& place, const fs::path& directory,
                                         const Findings& findings) {
  return draw_charts(findings_to_json(findings), kFindings, TRY(place.folder("charts")),
                     directory / "charts");
}

Result<Findings> findings_of(const fs::path& directory, const std::string& classes) {
  return TRY(analysed_recording(directory, classes)).findings;
}

Result<AnalysedRecording> analysed_recording(const fs::path& directory,
                                             const std::string& classes) {
  AnalysedRecording out;
  out.own_rules = TRY(read_rules(classes));
  out.recording = TRY(load_recording(directory));
  out.findings = TRY(analyse(out.recording, out.own_rules));
  return out;
}

void print_first_screen(const AnalysedRecording& analysed, const ReportOutput& output) {
  print_report_text(
      render_short_report(analysed.findings, worst_gap_text(analysed.recording, analysed.own_rules),
                          std::max(output.width, kLeastShortWidth)),
      output);
}

Result<Kept> keep_findings(const fs::path& directory, const Findings& findings, ExitCode code,
                           bool plots) {
  const auto place = TRY(OpenDirectory::open(directory));
  TRY(place.replace(kFindings, findings_to_json(findings)));
  Kept kept{code, {}};
  if (plots) {
    const auto drawn = draw_below(place, directory, findings);
    if (drawn)
      kept.lines.push_back(charts_line(*drawn, directory / "charts"));
    else
      kept.lines.push_back("isolab: no charts: " + drawn.error().text());
  }
  TRY(share_as_its_directory(directory));
  kept.lines.push_back("recording: " + directory.string());
  for (const auto& window : findings.interruptions.windows)
    if (kept.code == ExitCode::done && (window.faulty_pages != 0 || !window.error.empty()))
      kept.code = ExitCode::disturbed;
  note_missing_arms(findings, kept);
  for (const auto& verdict : findings.verdicts)
    if (verdict.outcome == "broken" && kept.code == ExitCode::done)
      kept.code = ExitCode::budget_broken;
  for (const auto& budget : unjudged_budgets(findings.verdicts)) {
    kept.lines.push_back("isolab: no arm was judged by budget " + visible_line(budget));
    if (kept.code == ExitCode::done) kept.code = ExitCode::not_applicable;
  }
  return kept;
}

ExitCode finish_report(const fs::path& directory, ExitCode code, bool json, bool plots) {
  const auto finish = [&]() -> Result<ExitCode> {
    const auto analysed = TRY(analysed_recording(directory, {}));
    const auto kept = keep_findings(directory, analysed.findings, code, plots);
    if (json)
      print_as_json(metrics_to_json(analysed.findings));
    else
      print_first_screen(analysed, report_output("auto"));
    if (!kept) return kept.error();
    for (const auto& line : kept->lines) say_line(line);
    return kept->code;
  };
  const auto outcome = finish();
  return outcome ? *outcome : std::max(complain(outcome.error()), code);
}

}  // namespace isolab
