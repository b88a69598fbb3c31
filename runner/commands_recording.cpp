// SPDX-License-Identifier: Apache-2.0
// Verbs that need a recording and nothing else: analyse, report, plot, schema. They run anywhere.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/benchmarks.h"
#include "analysis/classes.h"
#include "analysis/findings.h"
#include "analysis/findings_json.h"
#include "base/output.h"
#include "results/benchmarks.h"
#include "results/durable.h"
#include "results/json.h"
#include "results/recording.h"
#include "runner/charts.h"
#include "runner/commands.h"
#include "runner/machine.h"
#include "runner/report.h"
#include "runner/report_machine.h"
#include "runner/report_text.h"
#include "runner/spikes.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFindings = "findings.json";

Result<std::vector<ClassRule>> read_rules(const std::string& file) {
  if (file.empty()) return std::vector<ClassRule>{};
  return parse_class_rules(file, TRY(read_text_file(file)));
}

/// charts/ of a recording.
Result<std::vector<fs::path>> draw_below(const OpenDirectory& place, const fs::path& directory,
                                         const Findings& findings) {
  return draw_charts(findings_to_json(findings), kFindings, TRY(place.folder("charts")),
                     directory / "charts");
}

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
    names += (names.empty() ? "" : ", ") + arm.name;
  }
  if (missing == 0) return;
  kept.lines.push_back(fmt::format("{} of {} arms were not applicable here: {}{}", missing,
                                   findings.arms.size(), names,
                                   measured == 0 ? "; only the idle arm was measured" : ""));
  if (measured == 0 && kept.code == kDone) kept.code = kNotApplicable;
}

}  // namespace

Result<Findings> findings_of(const fs::path& directory, const std::string& classes) {
  const auto rules = TRY(read_rules(classes));
  return analyse(TRY(load_recording(directory)), rules);
}

Result<Kept> keep_findings(const fs::path& directory, const Findings& findings, int code,
                           bool plots) {
  const auto place = TRY(OpenDirectory::open(directory));
  TRY(place.replace(kFindings, findings_to_json(findings)));
  Kept kept{code, {}};
  if (plots) {
    const auto drawn = draw_below(place, directory, findings);
    if (drawn)
      for (const auto& file : *drawn) kept.lines.push_back("chart: " + file.string());
    else
      kept.lines.push_back("isolab: no charts: " + drawn.error().text());
  }
  TRY(share_as_its_directory(directory));
  kept.lines.push_back("recording: " + directory.string());
  for (const auto& window : findings.interruptions.windows)
    if (kept.code == kDone && (window.faulty_pages != 0 || !window.error.empty()))
      kept.code = kDisturbed;
  note_missing_arms(findings, kept);
  for (const auto& verdict : findings.verdicts)
    if (verdict.outcome == "broken" && kept.code == kDone) kept.code = kBudgetBroken;
  return kept;
}

int finish_report(const fs::path& directory, int code, bool json, bool plots) {
  const auto finish = [&]() -> Result<int> {
    const Findings findings = TRY(findings_of(directory, {}));
    const auto kept = keep_findings(directory, findings, code, plots);
    json ? print_as_json(metrics_to_json(findings)) : print(render_report(findings, {}));
    if (!kept) return kept.error();
    for (const auto& line : kept->lines) say_line(line);
    return kept->code;
  };
  const auto outcome = finish();
  return outcome ? *outcome : std::max(complain(outcome.error()), code);
}

int analyse_command(const fs::path& directory, const std::string& classes) {
  const auto findings = findings_of(directory, classes);
  if (!findings) return complain(findings.error());
  print_as_json(findings_to_json(*findings));
  return kDone;
}

int report_command(const fs::path& directory, const std::string& classes, bool full,
                   const fs::path& host, bool json) {
  const auto text = [&]() -> Result<std::string> {
    const auto findings = TRY(findings_of(directory, classes));
    if (host.empty())
      return json ? metrics_to_json(findings) : render_report(findings, {.full = full});
    if (json)
      return Error{ErrorKind::usage, "report --host has no JSON",
                   "isolab check --host and facts --host have"};
    const Machine machine = TRY(open_machine(host));
    return render_report(findings, {.full = full}) +
           render_machine(host.string(), TRY(load_recording(directory)), machine);
  }();
  if (!text) return complain(text.error());
  json ? print_as_json(*text) : print(*text);
  return kDone;
}

int spikes_command(const SpikesRequest& request) {
  const auto text = [&]() -> Result<std::string> {
    SpikeOptions options;
    options.over = TRY(parse_duration(request.over));
    options.limit = request.limit;
    options.own_rules = TRY(read_rules(request.classes));
    const auto recording = TRY(load_recording(request.recording));
    return request.json ? spikes_to_json(recording, options) : render_spikes(recording, options);
  }();
  if (!text) return complain(text.error());
  request.json ? print_as_json(*text) : print(*text);
  return kDone;
}

int plot_command(const fs::path& directory, const fs::path& output, bool json) {
  const auto findings = findings_of(directory, {});
  if (!findings) return complain(findings.error());
  const auto files = [&]() -> Result<std::vector<fs::path>> {
    if (!output.empty()) return draw_charts(findings_to_json(*findings), kFindings, output);
    return draw_below(TRY(OpenDirectory::open(directory)), directory, *findings);
  }();
  if (!files) return complain(files.error());
  JsonArray names;
  for (const auto& file : *files) {
    names.emplace_back(file.string());
    if (!json) print(visible_line(file.string()) + "\n");
  }
  if (json) print_as_json(print_json(Json(JsonObject{{"charts", Json(std::move(names))}})));
  return kDone;
}

int attach_command(const fs::path& directory, const fs::path& file, bool json) {
  const auto attached = [&]() -> Result<BenchmarkFile> {
    TRY(load_recording(directory));
    return attach_benchmarks(directory, file);
  }();
  if (!attached) return complain(attached.error());
  std::size_t skipped = 0;
  for (const auto& run : attached->runs) skipped += run.times_ns.empty() ? 1 : 0;
  if (json)
    print_as_json(print_json(Json(JsonObject{{"file", attached->file},
                                             {"benchmarks", std::uint64_t{attached->runs.size()}},
                                             {"not_applicable", std::uint64_t{skipped}}})));
  else
    print(fmt::format("{}: {} benchmarks, {} of them not applicable on that machine\n",
                      visible_line(attached->file), attached->runs.size(), skipped));
  for (const auto& warning : benchmark_warnings({*attached}))
    say("warning: " + warning.seen + ": " + warning.matters + "; " + warning.advice);
  return kDone;
}

int schema_command() {
  print_as_json(findings_schema());
  return kDone;
}

}  // namespace isolab
