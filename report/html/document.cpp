// SPDX-License-Identifier: Apache-2.0
#include "report/html/document.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "report/html/assets.h"

namespace isolab {
namespace {

std::string hash_source(std::string_view text) {
  return fmt::format(" 'sha256-{}'", sha256_base64(text));
}

/// Only scripts and styles with these hashes of the page's bytes are used.
std::string security_policy(const HtmlPage& page, const std::vector<std::string_view>& scripts,
                            const std::string& style) {
  std::string sources;
  for (const auto script : scripts) sources += hash_source(script);
  return fmt::format(
      "default-src 'none'; script-src{}; style-src{}; base-uri 'none'; form-action 'none'", sources,
      page.inline_styles ? " 'unsafe-inline'" : hash_source(style));
}

std::string licences(const HtmlPage& page) {
  if (page.libraries.empty()) return {};
  std::string names, texts;
  for (const auto& library : page.libraries) {
    names += (names.empty() ? "" : ", ") + html_text(library.name);
    texts +=
        html_element("h3", "", library.name) + "<pre>" + html_text(library.licence) + "</pre>\n";
  }
  return "<footer><details id=\"licences\"><summary>Drawn with " + names +
         ": licences</summary>\n" + texts + "</details></footer>\n";
}

/// Without the spaces that indent it in the text report.
std::string_view trimmed(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

std::string table_cell(const TextTable& table, std::size_t column, const TextTable::Row& row,
                       const std::string& text) {
  std::string out = table.is_left(column) ? "<td class=\"l\">" : "<td>";
  out += html_text(text);
  if (column < row.below.size() && !row.below[column].empty())
    out += html_element("small", "", row.below[column]);
  return out + "</td>";
}

}  // namespace

std::string html_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char letter : text) {
    switch (letter) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      case '\n':
      case '\t': out += letter; break;
      default: out += static_cast<unsigned char>(letter) < ' ' || letter == 0x7f ? '?' : letter;
    }
  }
  return out;
}

std::string html_element(std::string_view tag, std::string_view klass, std::string_view text) {
  return fmt::format("<{}{}>{}</{}>", tag, klass.empty() ? "" : fmt::format(" class=\"{}\"", klass),
                     html_text(text), tag);
}

std::string html_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto rest = json.substr(i);
    if (json[i] == '<' || json[i] == '>' || json[i] == '&') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(json[i]));
    } else if (rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9")) {
      out += rest[2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += json[i];
    }
  }
  return out;
}

std::string html_table(std::string_view name, const TextTable& table,
                       const std::function<bool(std::size_t)>& significant) {
  std::string out = fmt::format(
      "<div class=\"scroll\"><table class=\"data\" data-name=\"{}\"><thead><tr>", html_text(name));
  const auto& header = table.header();
  for (std::size_t i = 0; i < header.size(); ++i)
    out += html_element("th", table.is_left(i) ? "l" : "", trimmed(header[i]));
  out += "</tr></thead><tbody>\n";
  std::string parent;
  for (std::size_t at = 0; at < table.rows().size(); ++at) {
    const auto& row = table.rows()[at];
    std::string first = row.cells.front();
    if (!first.starts_with(' ') || parent.empty())
      parent = first;
    else
      first = fmt::format("{} / {}", parent, trimmed(first));
    out += significant && significant(at) ? "<tr class=\"significant\">" : "<tr>";
    out += table_cell(table, 0, row, first);
    for (std::size_t i = 1; i < header.size(); ++i)
      out += table_cell(table, i, row, i < row.cells.size() ? row.cells[i] : "");
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string html_section(std::string_view id, std::string_view title, const std::string& body,
                         std::string_view note) {
  if (body.empty()) return {};
  return fmt::format("<section id=\"{}\"><h2>{}</h2>\n{}{}</section>\n", id, html_text(title), body,
                     note.empty() ? "" : html_element("p", "note", note) + "\n");
}

std::string html_file(const HtmlPage& page) {
  std::string style;
  for (const auto part : page.styles) style += part;
  style += assets::page_css;
  std::vector<std::string_view> scripts{assets::page_js};
  scripts.insert(scripts.end(), page.scripts.begin(), page.scripts.end());
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<style>{}</style></head><body>\n",
      security_policy(page, scripts, style), html_text(page.title), style);
  out += page.body + licences(page);
  if (!page.json.empty())
    out += "<script type=\"application/json\" id=\"data\">" + html_json(page.json) + "</script>\n";
  for (const auto script : scripts) out += fmt::format("<script>{}</script>\n", script);
  return out + "</body></html>\n";
}

}  // namespace isolab
