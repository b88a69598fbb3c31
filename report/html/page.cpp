// SPDX-License-Identifier: Apache-2.0
#include "report/html/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "report/compare/tables.h"
#include "report/compare/text.h"
#include "report/html/document.h"
#include "report/text/format.h"

namespace isolab {
namespace {

/// The drawing without the XML prologue, which has no place inside HTML.
std::string drawing(const std::string& svg) {
  const auto begin = svg.find("<svg");
  return begin == std::string::npos ? "" : svg.substr(begin);
}

/// Of groups[other] against the base, in the cells of the terminal.
std::string compared_table(const CompareTable& table, const Comparison& all, std::size_t other,
                           std::size_t number) {
  const bool arms = std::any_of(table.rows.begin(), table.rows.end(),
                                [](const auto& row) { return !row.arm.empty(); });
  std::vector<std::string> header{arms ? "arm" : "",
                                  "<metric",
                                  all.groups.front().name + " [95 %]",
                                  all.groups[other].name + " [95 %]",
                                  "change [95 %]",
                                  "p",
                                  "<"};
  TextTable cells(header, 20);
  for (const auto& row : table.rows)
    cells.row(
        {row.arm, row.name, row.base, row.other, row.change + " " + row.range, row.p, row.mark});
  return html_section(fmt::format("table-{}-{}", other, number), table.title,
                      html_table(fmt::format("{}-{}", other, number), cells,
                                 [&](std::size_t i) { return table.rows[i].significant; }));
}

/// What differs between the sessions without being meant to, and what else limits the comparison.
std::string differences(const Comparison& all) {
  std::string out;
  for (const auto& difference : all.differences) {
    if (difference.intended) continue;
    std::string values;
    for (std::size_t i = 0; i < difference.values.size(); ++i)
      append_item(values, "; ", fmt::format("{}: {}", all.groups[i].name, difference.values[i]));
    out += "<p class=\"warning\">" + html_element("b", "", difference.what) +
           html_text(fmt::format(" {} ({})",
                                 difference.within ? "is not the same in all sessions" : "differs",
                                 values)) +
           "</p>\n";
  }
  for (const auto& note : all.notes) out += html_element("p", "warning", note) + "\n";
  return out;
}

}  // namespace

std::string render_html(const Comparison& all, const CompareContext& context,
                        const std::vector<InlineChart>& charts, const std::string& no_charts) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < all.groups.size(); ++i) names.push_back(all.groups[i].name);
  HtmlPage page;
  page.title =
      fmt::format("{}: {} against {}", all.profile, join(names, ", "), all.groups.front().name);
  page.inline_styles = true;  // matplotlib's drawings have them
  page.body = "<header>" + html_element("h1", "", page.title) +
              html_element("p", "question", all.question) + "</header>\n<main>\n" +
              differences(all);
  page.body += html_section("letter", "For a cover letter",
                            html_element("pre", "", render_cover_letter(all, context)) + "\n");
  for (const auto& chart : charts)
    page.body +=
        fmt::format("<figure id=\"{}\">{}</figure>\n", html_text(chart.name), drawing(chart.svg));
  if (!no_charts.empty()) page.body += html_element("p", "note", "No charts: " + no_charts) + "\n";
  std::size_t number = 0;
  for (std::size_t other = 1; other < all.groups.size(); ++other)
    for (const auto& table : compare_tables(all, other))
      page.body += compared_table(table, all, other, ++number);
  page.body += html_element("p", "legend", legend(all)) + "\n";
  for (const auto& citation : context.citations)
    page.body += html_element("p", "legend", citation) + "\n";
  page.body +=
      fmt::format("<p>Reproduce: {} (profile sha256 {}, isolab {})</p>\n</main>\n",
                  html_element("code", "", reproduce_command(all, context.profile)),
                  html_element("code", "", all.profile_hash), html_text(all.isolab_version));
  return html_file(page);
}

}  // namespace isolab
