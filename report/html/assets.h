// SPDX-License-Identifier: Apache-2.0
// Scripts, style sheets and licences of the HTML pages, built into the program.
#pragma once

#include <string_view>

namespace isolab::assets {

extern const std::string_view page_css, page_js;      // ours, of every page
extern const std::string_view gaps_js, recording_js;  // ours, of a recording's page
extern const std::string_view history_js;             // ours, of a metric over time
extern const std::string_view uplot_js, uplot_css;    // report/html/vendor/README.md
extern const std::string_view flame_js, flame_css, d3_js;
extern const std::string_view uplot_licence, flame_licence, d3_licence;

}  // namespace isolab::assets
