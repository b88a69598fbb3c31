// SPDX-License-Identifier: Apache-2.0
#include "report/html/page.h"

#include <fmt/format.h>

#include "base/text.h"
#include "report/compare/tables.h"
#include "report/compare/text.h"
#include "report/text/format.h"

namespace isolab {
namespace {

constexpr const char* kStyle = R"(
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #bbb; }
pre { background: #f4f4f4; padding: 1rem; overflow-x: auto; font-size: 13px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: .15rem .7rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { border-bottom: 2px solid #444; } tbody tr:nth-child(even) { background: #f6f6f6; }
td.arm { font-weight: 600; text-align: left; } tr.significant td { font-weight: 600; }
.warning { border-left: 4px solid #b00; padding-left: .8rem; } .note { border-left: 4px solid #888; padding-left: .8rem; }
figure { margin: 1rem 0; } figure svg { max-width: 100%; height: auto; }
.legend { color: #444; font-size: 13px; }
@media print { body { max-width: none; } }
)";

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

/// The drawing without the XML prologue, which has no place inside HTML.
std::string drawing(const std::string& svg) {
  const auto begin = svg.find("<svg");
  return begin == std::string::npos ? "" : svg.substr(begin);
}

void add_table(const CompareTable& table, const Comparison& all, std::size_t other,
               std::string& out) {
  out += fmt::format(
      "<h2>{}</h2>\n<table><thead><tr><th></th><th>{} [95 %]</th><th>{} [95 %]</th>"
      "<th>change [95 %]</th><th>p</th><th></th></tr></thead><tbody>\n",
      escaped(table.title), escaped(all.groups.front().name), escaped(all.groups[other].name));
  std::string arm;
  for (const auto& row : table.rows) {
    if (row.arm != arm)
      out += fmt::format("<tr><td class=\"arm\" colspan=\"6\">{}</td></tr>\n", escaped(row.arm));
    arm = row.arm;
    out += fmt::format(
        "<tr{}><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        row.significant ? " class=\"significant\"" : "", escaped(row.name), escaped(row.base),
        escaped(row.other), escaped(row.change + " " + row.range), escaped(row.p),
        escaped(row.mark));
  }
  out += "</tbody></table>\n";
}

}  // namespace

std::string render_html(const Comparison& all, const CompareContext& context,
                        const std::vector<InlineChart>& charts, const std::string& no_charts) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < all.groups.size(); ++i) names.push_back(all.groups[i].name);
  const auto title = escaped(
      fmt::format("{}: {} against {}", all.profile, join(names, ", "), all.groups.front().name));
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style></head><body>\n<h1>{}</h1>\n<p>{}</p>\n",
      title, kStyle, title, escaped(all.question));
  for (const auto& one : all.differences) {
    if (one.intended) continue;
    std::string values;
    for (std::size_t i = 0; i < one.values.size(); ++i)
      values += fmt::format("{}{}: {}", i == 0 ? "" : "; ", all.groups[i].name, one.values[i]);
    out += fmt::format("<p class=\"warning\"><b>{}</b> {} ({})</p>\n", escaped(one.what),
                       one.within ? "is not the same in all sessions" : "differs", escaped(values));
  }
  for (const auto& note : all.notes)
    out += fmt::format("<p class=\"note\">{}</p>\n", escaped(note));
  out += "<h2>For a cover letter</h2>\n<pre>" + escaped(render_cover_letter(all, context)) +
         "</pre>\n";
  for (const auto& chart : charts)
    out += fmt::format("<figure id=\"{}\">{}</figure>\n", escaped(chart.name), drawing(chart.svg));
  if (!no_charts.empty())
    out += fmt::format("<p class=\"note\">No charts: {}</p>\n", escaped(no_charts));
  for (std::size_t other = 1; other < all.groups.size(); ++other)
    for (const auto& table : compare_tables(all, other)) add_table(table, all, other, out);
  out += fmt::format("<p class=\"legend\">{}</p>\n", escaped(legend(all)));
  for (const auto& one : context.citations)
    out += fmt::format("<p class=\"legend\">{}</p>\n", escaped(one));
  out += fmt::format(
      "<p>Reproduce: <code>{}</code> (profile sha256 <code>{}</code>, isolab {})</p>\n"
      "</body></html>\n",
      escaped(reproduce_command(all, context.profile)), escaped(all.profile_hash),
      escaped(all.isolab_version));
  return out;
}

}  // namespace isolab
