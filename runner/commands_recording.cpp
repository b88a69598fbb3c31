// SPDX-License-Identifier: Apache-2.0
// Verbs that need a recording and nothing else: analyse, report, plot, schema. They run anywhere.
#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "analysis/classes.h"
#include "analysis/findings.h"
#include "analysis/findings_json.h"
#include "host/process.h"
#include "results/recording.h"
#include "runner/commands.h"
#include "runner/report.h"
#include "runner/report_text.h"
#include "runner/spikes.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr Nanos kPlotLimit = std::chrono::minutes(5);

Result<std::vector<ClassRule>> read_rules(const std::string& file) {
  if (file.empty()) return std::vector<ClassRule>{};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return errno_error("cannot read " + file, errno);
  return parse_class_rules(file, text.str());
}

Result<Findings> findings_of(const fs::path& directory, const std::string& classes) {
  const auto rules = TRY(read_rules(classes));
  return analyse(TRY(load_recording(directory)), rules);
}

Result<void> write_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!(file << text) || !file.flush()) return errno_error("cannot write " + path.string(), errno);
  return {};
}

/// plots/ beside the sources this was built from, or where it was installed.
Result<fs::path> plot_script() {
  std::vector<fs::path> places{fs::path(ISOLAB_SOURCE_DIR) / "plots",
                               fs::path(ISOLAB_SHARE_DIR) / "plots"};
  if (const char* named = std::getenv("ISOLAB_PLOTS")) places = {named};
  for (const auto& place : places)
    if (fs::exists(place / "render.py")) return place / "render.py";
  return Error{ErrorKind::unsupported, "the chart scripts (plots/render.py) are not installed",
               "set ISOLAB_PLOTS to their folder"};
}

/// The names of the charts drawn, one per line, as the script prints them.
Result<std::string> draw(const fs::path& findings, const fs::path& output) {
  const fs::path script = TRY(plot_script());
  const char* python = std::getenv("ISOLAB_PYTHON");
  return run_for_output({python != nullptr ? python : "/usr/bin/python3", script.string(),
                         findings.string(), output.string()},
                        kPlotLimit);
}

}  // namespace

int finish_report(const fs::path& directory, int code, bool json, bool plots) {
  const auto finish = [&]() -> Result<int> {
    const Findings findings = TRY(findings_of(directory, {}));
    TRY(write_file(directory / "findings.json", findings_to_json(findings)));
    fmt::print("{}", json ? metrics_to_json(findings) : render_report(findings, {}));
    std::fflush(stdout);
    if (plots) {
      const auto drawn = draw(directory / "findings.json", directory / "charts");
      if (drawn)
        fmt::print(stderr, "charts:\n{}", *drawn);
      else
        fmt::print(stderr, "isolab: no charts: {}\n", drawn.error().text());
    }
    fmt::print(stderr, "recording: {}\n", directory.string());
    for (const auto& verdict : findings.verdicts)
      if (verdict.outcome == "broken" && code == kDone) return int{kBudgetBroken};
    return code;
  };
  const auto outcome = finish();
  return outcome ? *outcome : complain(outcome.error());
}

int analyse_command(const fs::path& directory, const std::string& classes) {
  const auto findings = findings_of(directory, classes);
  if (!findings) return complain(findings.error());
  fmt::print("{}", findings_to_json(*findings));
  return kDone;
}

int report_command(const fs::path& directory, const std::string& classes, bool full, bool json) {
  const auto findings = findings_of(directory, classes);
  if (!findings) return complain(findings.error());
  fmt::print("{}", json ? metrics_to_json(*findings) : render_report(*findings, {.full = full}));
  return kDone;
}

int spikes_command(const SpikesRequest& request) {
  const auto text = [&]() -> Result<std::string> {
    SpikeOptions options;
    options.over = TRY(parse_duration(request.over));
    options.limit = request.limit;
    options.own_rules = TRY(read_rules(request.classes));
    return render_spikes(TRY(load_recording(request.recording)), options);
  }();
  if (!text) return complain(text.error());
  fmt::print("{}", *text);
  return kDone;
}

int plot_command(const fs::path& directory, const fs::path& output) {
  const auto findings = findings_of(directory, {});
  if (!findings) return complain(findings.error());
  const fs::path target = output.empty() ? directory / "charts" : output;
  const auto outcome = [&]() -> Result<std::string> {
    std::error_code error;
    fs::create_directories(target, error);
    if (error) return errno_error("cannot make " + target.string(), error.value());
    TRY(write_file(target / "findings.json", findings_to_json(*findings)));
    return draw(target / "findings.json", target);
  }();
  if (!outcome) return complain(outcome.error());
  fmt::print("{}", *outcome);
  return kDone;
}

int schema_command() {
  fmt::print("{}", findings_schema());
  return kDone;
}

}  // namespace isolab
