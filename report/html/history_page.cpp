// SPDX-License-Identifier: Apache-2.0
#include "report/html/history_page.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "report/html/assets.h"
#include "report/html/document.h"
#include "results/json.h"

namespace isolab {
namespace {

Json number_or_null(const std::optional<double>& value) {
  return value ? Json(*value) : Json(nullptr);
}

/// {"unit": text, "series": [[[started, value, lower, upper, kernel, recording] ...] ...]}; a
/// number that is not known is null.
std::string history_data(const MetricInfo& metric, const std::vector<HistorySeries>& all) {
  JsonArray lines;
  for (const auto& series : all) {
    JsonArray points;
    for (const auto& [recording, value] : series.points) {
      JsonArray point;
      point.emplace_back(recording.started_utc);
      for (const auto& number : {value.value, value.lower95, value.upper95})
        point.push_back(number_or_null(number));
      point.emplace_back(recording.kernel);
      point.emplace_back(recording.place);
      points.emplace_back(std::move(point));
    }
    lines.emplace_back(std::move(points));
  }
  return print_json(all_rounded(JsonObject{{"unit", metric.unit}, {"series", std::move(lines)}}));
}

}  // namespace

std::string render_history_page(const MetricInfo& metric, const std::vector<HistorySeries>& all,
                                const std::string& directory) {
  HtmlPage page;
  page.title = fmt::format("isolab: {} in {}", metric.name, directory);
  page.body = "<header>" + html_element("h1", "", page.title) +
              html_element("p", "question", history_title(metric)) + "</header>\n<main>\n";
  std::size_t number = 0;
  for (const auto& series : all) {
    const auto id = fmt::format("series-{}", ++number);
    page.body +=
        html_section(id, series.name,
                     fmt::format("<div class=\"history\" data-series=\"{}\"></div>\n", number - 1) +
                         html_table(id, history_table(series)));
  }
  page.body += "</main>\n";
  page.json = history_data(metric, all);
  page.styles = {assets::uplot_css};
  page.scripts = {assets::uplot_js, assets::history_js};
  page.libraries = {{"uPlot 1.6.32", assets::uplot_licence}};
  return html_file(page);
}

}  // namespace isolab
