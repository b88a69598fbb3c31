// SPDX-License-Identifier: Apache-2.0
// The verb compare: recordings in, tables and charts out. Runs anywhere, without root.
#include <fmt/format.h>

#include <filesystem>

#include "analysis/compare.h"
#include "analysis/false_positives.h"
#include "analysis/model/comparison.h"
#include "analysis/session_groups.h"
#include "base/exit_code.h"
#include "base/output.h"
#include "base/scratch.h"
#include "base/text_file.h"
#include "cli/commands.h"
#include "plan/profile_file.h"
#include "report/compare/text.h"
#include "report/html/page.h"
#include "report/json/comparison_json.h"
#include "runner/charts.h"
#include "runner/complain.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "comparison.json";

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

Result<void> run(const CompareOptions& options) {
  const auto loaded = TRY(load_groups(options.request));
  Comparison comparison = TRY(compare(loaded.groups, options.request.options));
  if (options.request.by_repeat)
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
    print(render_comparison(comparison, context));
  if (!options.charts.empty())
    for (const auto& file : TRY(draw_charts(comparison_to_json(comparison), kName, options.charts)))
      say_line("chart: " + file.string());
  if (!options.html.empty()) TRY(write_html(comparison, context, options.html));
  return {};
}

}  // namespace

ExitCode compare_command(const CompareOptions& options) {
  const auto outcome = run(options);
  return outcome ? ExitCode::done : complain(outcome.error());
}

}  // namespace isolab
