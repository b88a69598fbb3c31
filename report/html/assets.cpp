// SPDX-License-Identifier: Apache-2.0
#include "report/html/assets.h"

// The assembler reads the files (.incbin: GNU as and Clang), so that they stay files in the tree
// and 140 KB of script do not occupy the compiler. CMake compiles this again when one of them
// changes.
#define ISOLAB_ASSET(name, file)                                                     \
  __asm__(                                                                           \
      ".pushsection .rodata\n"                                                       \
      "isolab_asset_" #name                                                          \
      ":\n"                                                                          \
      ".incbin \"" ISOLAB_HTML_DIRECTORY "/" file                                    \
      "\"\n"                                                                         \
      "isolab_asset_" #name                                                          \
      "_end:\n"                                                                      \
      ".byte 0\n"                                                                    \
      ".popsection\n");                                                              \
  extern "C" __attribute__((visibility("hidden"))) const char isolab_asset_##name[]; \
  extern "C" __attribute__((visibility("hidden"))) const char isolab_asset_##name##_end[]

ISOLAB_ASSET(page_css, "assets/page.css");
ISOLAB_ASSET(page_js, "assets/page.js");
ISOLAB_ASSET(gaps_js, "assets/gaps.js");
ISOLAB_ASSET(recording_js, "assets/recording.js");
ISOLAB_ASSET(history_js, "assets/history.js");
ISOLAB_ASSET(uplot_js, "vendor/uPlot.iife.min.js");
ISOLAB_ASSET(uplot_css, "vendor/uPlot.min.css");
ISOLAB_ASSET(uplot_licence, "vendor/uPlot.LICENSE");
ISOLAB_ASSET(flame_js, "vendor/d3-flamegraph.min.js");
ISOLAB_ASSET(flame_css, "vendor/d3-flamegraph.css");
ISOLAB_ASSET(flame_licence, "vendor/d3-flame-graph.LICENSE");
ISOLAB_ASSET(d3_js, "vendor/d3-selection.min.js");
ISOLAB_ASSET(d3_licence, "vendor/d3-selection.LICENSE");

namespace isolab::assets {

#define ISOLAB_VIEW(name)      \
  const std::string_view name( \
      ::isolab_asset_##name,   \
      static_cast<std::size_t>(::isolab_asset_##name##_end - ::isolab_asset_##name))

ISOLAB_VIEW(page_css);
ISOLAB_VIEW(page_js);
ISOLAB_VIEW(gaps_js);
ISOLAB_VIEW(recording_js);
ISOLAB_VIEW(history_js);
ISOLAB_VIEW(uplot_js);
ISOLAB_VIEW(uplot_css);
ISOLAB_VIEW(uplot_licence);
ISOLAB_VIEW(flame_js);
ISOLAB_VIEW(flame_css);
ISOLAB_VIEW(flame_licence);
ISOLAB_VIEW(d3_js);
ISOLAB_VIEW(d3_licence);

}  // namespace isolab::assets
