// SPDX-License-Identifier: Apache-2.0
// The verb plot: the charts of a recording. Needs Python.
#include "base/exit_code.h"
#include "base/output.h"
#include "cli/commands.h"
#include "cli/finish_report.h"
#include "report/json/findings_json.h"
#include "results/durable.h"
#include "results/json.h"
#include "runner/charts.h"
#include "runner/complain.h"

namespace isolab {

namespace fs = std::filesystem;

ExitCode plot_command(const fs::path& directory, const fs::path& output, bool json) {
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
  return ExitCode::done;
}

}  // namespace isolab
