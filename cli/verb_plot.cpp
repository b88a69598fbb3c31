// SPDX-License-Identifier: Apache-2.0
// The verb plot: the charts of a recording. Needs Python.
#include <memory>

#include "base/output.h"
#include "cli/finish_report.h"
#include "cli/shared_options.h"
#include "report/json/findings_json.h"
#include "results/durable.h"
#include "results/json.h"
#include "runner/charts.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

struct PlotOptions {
  fs::path recording;
  fs::path output;  // empty: charts/ in the recording
  bool json = false;
};

Result<std::vector<fs::path>> draw(const PlotOptions& options) {
  const Findings findings = TRY(findings_of(options.recording, {}));
  if (!options.output.empty())
    return draw_charts(findings_to_json(findings), kFindings, options.output);
  return draw_below(TRY(OpenDirectory::open(options.recording)), options.recording, findings);
}

Result<ExitCode> plot(const PlotOptions& options) {
  JsonArray names;
  for (const auto& file : TRY(draw(options))) {
    names.emplace_back(file.string());
    if (!options.json) print(visible_line(file.string()) + "\n");
  }
  if (options.json) print_as_json(print_json(Json(JsonObject{{"charts", Json(std::move(names))}})));
  return ExitCode::done;
}

}  // namespace

Verb verb_plot() {
  const auto options = std::make_shared<PlotOptions>();
  return {"plot",
          "draw the charts of a recording as PNG, SVG and CSV",
          {json_flag(options->json),
           recording_argument(options->recording),
           {"-o,--output", &options->output,
            "directory for the charts (default: charts/ in the recording)"}},
          [options](const Call&) { return plot(*options); }};
}

}  // namespace isolab
