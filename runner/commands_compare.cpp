// SPDX-License-Identifier: Apache-2.0
// The verb compare: recordings in, tables and charts out. Runs anywhere, without root.
#include <fmt/format.h>

#include <filesystem>

#include "analysis/comparison_json.h"
#include "base/output.h"
#include "runner/charts.h"
#include "runner/commands.h"
#include "runner/compare_text.h"
#include "runner/false_positives.h"
#include "runner/html_report.h"
#include "runner/scratch.h"
#include "runner/session_groups.h"

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

Result<void> write_html(const Comparison& comparison, const std::vector<std::string>& citations,
                        const fs::path& file) {
  const auto charts = drawings(comparison);
  if (!charts) say("no charts: " + charts.error().text());
  TRY(write_text_file(
      file, render_html(comparison, citations, charts.value_or(std::vector<InlineChart>{}),
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
  const auto citations = citations_for(comparison, loaded.directories);
  if (options.json)
    print_as_json(comparison_to_json(comparison));
  else if (options.cover_letter)
    print(render_cover_letter(comparison, citations));
  else
    print(render_comparison(comparison, citations));
  if (!options.charts.empty())
    for (const auto& file : TRY(draw_charts(comparison_to_json(comparison), kName, options.charts)))
      say_line("chart: " + file.string());
  if (!options.html.empty()) TRY(write_html(comparison, citations, options.html));
  return {};
}

}  // namespace

int compare_command(const CompareOptions& options) {
  const auto outcome = run(options);
  return outcome ? int{kDone} : complain(outcome.error());
}

}  // namespace isolab
