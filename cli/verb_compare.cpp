// SPDX-License-Identifier: Apache-2.0
// The verb compare: recordings in, tables and charts out. Runs anywhere, without root.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "analysis/compare.h"
#include "analysis/false_positives.h"
#include "analysis/model/comparison.h"
#include "analysis/session_groups.h"
#include "base/output.h"
#include "base/scratch.h"
#include "base/text_file.h"
#include "cli/report_output.h"
#include "cli/shared_options.h"
#include "plan/profile_file.h"
#include "report/compare/text.h"
#include "report/html/page.h"
#include "report/json/comparison_json.h"
#include "runner/charts.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "comparison.json";

struct CompareOptions {
  CompareRequest request;
  double min_effect_percent = 1;
  std::string unit = "session";
  bool json = false;
  bool cover_letter = false;
  bool full = false;
  std::string color = "auto";
  fs::path html, charts;  // to make; empty: not
};

Result<std::vector<InlineChart>> drawings(const Comparison& comparison) {
  const Scratch scratch = TRY(Scratch::make());
  std::vector<InlineChart> out;
  for (const auto& file : TRY(draw_charts(comparison_to_json(comparison), kName, scratch.path())))
    if (file.extension() == ".svg")
      out.push_back({file.stem().string(), TRY(read_text_file(file, kMostText))});
  return out;
}

Result<void> write_html(const Comparison& comparison, const CompareContext& context,
                        const fs::path& file) {
  const auto charts = drawings(comparison);
  if (!charts) say("no charts: " + charts.error().text());
  TRY(write_text_file(file,
                      render_html(comparison, context, charts.value_or(std::vector<InlineChart>{}),
                                  charts ? "" : charts.error().what)));
  say_line("page: " + file.string());
  return {};
}

Result<ExitCode> print_comparison(const CompareOptions& options) {
  CompareRequest request = options.request;
  request.by_repeat = options.unit == "repeat";
  request.options.min_effect = options.min_effect_percent / 100;
  const auto loaded = TRY(load_groups(request));
  Comparison comparison = TRY(compare(loaded.groups, request.options));
  if (request.by_repeat)
    comparison.notes.insert(
        comparison.notes.begin(),
        "the unit is the repeat, not the session: what is found holds for these sessions, and says "
        "nothing of another boot or start");
  const CompareContext context{citations_for(comparison, loaded.directories),
                               shipped_name(recorded_profile(comparison))};
  if (options.json)
    print_as_json(comparison_to_json(comparison));
  else if (options.cover_letter)
    print(render_cover_letter(comparison, context));
  else
    print_report_text(render_comparison(comparison, context, options.full),
                      report_output(options.color));
  if (!options.charts.empty())
    for (const auto& file : TRY(draw_charts(comparison_to_json(comparison), kName, options.charts)))
      say_line("chart: " + file.string());
  if (!options.html.empty()) TRY(write_html(comparison, context, options.html));
  return ExitCode::done;
}

std::vector<Option> compare_options(CompareOptions& options) {
  auto& request = options.request;
  return {
      json_flag(options.json),
      Option{"groups", &request.groups,
             "[NAME=]DIR[,DIR...], the base first; a DIR is a recording or holds sessions"}
          .require()
          .names_a(ValueKind::recording),
      Option{"--arms", &request.arms, "compare these arms of all sessions instead"}
          .split_at_commas(),
      Option{"--metric", &request.options.metrics, "only these metrics (more power)"}
          .split_at_commas(),
      Option{"--intended", &request.options.intended,
             "facts that may differ: keys, or beginnings ended by a dot"}
          .show_default()
          .split_at_commas(),
      Option{"--min-effect", &options.min_effect_percent, "smallest change that counts, in percent"}
          .show_default()
          .between(0, 1000),
      Option{"--unit", &options.unit, "what n counts; repeat: holds for these sessions only"}
          .show_default()
          .one_of({"session", "repeat"}),
      {"--full", &options.full, "every row, not the significant ones alone"},
      color_option(options.color),
      {"--cover-letter", &options.cover_letter, "72 columns of ASCII for a patch series"},
      {"--html", &options.html, "write a page with tables and charts"},
      {"--charts", &options.charts, "draw charts (PNG, SVG, CSV) into this directory"},
  };
}

}  // namespace

Verb verb_compare() {
  const auto options = std::make_shared<CompareOptions>();
  return {"compare",
          "sessions against sessions: every metric with interval, exact p and a verdict "
          "corrected for their number",
          compare_options(*options), [options](const Call&) { return print_comparison(*options); }};
}

}  // namespace isolab
