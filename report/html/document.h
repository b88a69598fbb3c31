// SPDX-License-Identifier: Apache-2.0
// What all HTML pages share: one self-contained file that asks for nothing from a network (its
// Content-Security-Policy refuses to), readable without script, texts of a recording inert.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "report/text/format.h"

namespace isolab {

/// `text` as the content of an element or of a quoted attribute. Control characters become '?':
/// a recording's names may have any.
std::string html_text(std::string_view text);
/// <TAG class="KLASS">text</TAG>.
std::string html_element(std::string_view tag, std::string_view klass, std::string_view text);
/// JSON for an element of type application/json: no "<", ">", "&" nor U+2028 and U+2029 is left in
/// it as such, so that no text in it ends the element.
std::string html_json(std::string_view json);
/// A table that page.js makes sortable. `name` is unique in the page. A row that the text report
/// indents below another has that row's first cell before its own, so that it can be sorted.
/// `significant`: whether the row of this number is set in bold; none: no row.
std::string html_table(std::string_view name, const TextTable& table,
                       const std::function<bool(std::size_t)>& significant = {});
/// <section id="ID"><h2>title</h2>body<p class="note">note</p></section>; empty without a body.
std::string html_section(std::string_view id, std::string_view title, const std::string& body,
                         std::string_view note = {});

struct HtmlLibrary {
  std::string name;  // "uPlot 1.6.32"
  std::string_view licence;
};

struct HtmlPage {
  std::string title;                      // text
  std::string body;                       // markup
  std::string json;                       // of the element with the id "data"; empty: none
  std::vector<std::string_view> styles;   // beside page.css, before it
  std::vector<std::string_view> scripts;  // in this order, after page.js
  std::vector<HtmlLibrary> libraries;     // whose licences the page has to carry
  bool inline_styles = false;             // drawings inside the page have style attributes
};

/// The whole file.
std::string html_file(const HtmlPage& page);

}  // namespace isolab
