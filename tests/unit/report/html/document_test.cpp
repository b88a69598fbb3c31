// SPDX-License-Identifier: Apache-2.0
// The HTML of a recording's page: nothing from a network, texts inert, readable without script,
// the numbers of the text report.
#include "report/html/document.h"

#include <gmock/gmock.h>

#include <regex>

#include "analysis/analyse.h"
#include "report/html/assets.h"
#include "report/html/recording_page.h"
#include "report/text/tables.h"
#include "results/json.h"
#include "tests/support/report_recordings.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/traced_recording.h"

namespace isolab {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string page_of(const Recording& recording) {
  const auto page = render_recording_page(recording, analyse(recording), {});
  EXPECT_TRUE(page) << page.error().text();
  return page.value_or("");
}

/// The page without its own scripts, styles and licences, which have addresses in comments.
std::string markup_of(std::string page) {
  for (const auto& [begin, end] :
       {std::pair{"<script>", "</script>"}, {"<style>", "</style>"}, {"<footer>", "</footer>"}})
    for (auto at = page.find(begin); at != std::string::npos; at = page.find(begin))
      page.erase(at, page.find(end, at) + std::string_view(end).size() - at);
  return page;
}

class RecordingPageTest : public testing::Test {
 protected:
  RecordingPageTest() : traced_(scratch_.path()) { traced_.add_toggle(); }
  test::TemporaryDirectory scratch_;
  test::TracedRecording traced_;
};

TEST_F(RecordingPageTest, AsksForNothingAndRunsOnlyItsOwnScripts) {
  const auto page = page_of(traced_.recording());
  const auto markup = markup_of(page);
  EXPECT_FALSE(std::regex_search(markup, std::regex("(src|href)\\s*=")));
  EXPECT_THAT(markup, Not(HasSubstr("http:")));
  EXPECT_THAT(markup, Not(HasSubstr("https:")));
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none'; script-src 'sha256-"));
  EXPECT_THAT(page, Not(HasSubstr("unsafe")));
  EXPECT_THAT(page, HasSubstr("base-uri 'none'; form-action 'none'\""));
  for (const auto asset : {assets::page_js, assets::gaps_js, assets::recording_js, assets::uplot_js,
                           assets::flame_js, assets::d3_js}) {
    EXPECT_GT(asset.size(), 1000u);
    EXPECT_EQ(asset.find("</script"), std::string_view::npos);
    EXPECT_EQ(asset.find("<!--"), std::string_view::npos);
    EXPECT_NE(page.find(asset), std::string::npos);
  }
  EXPECT_LT(page.size(), 400'000u);
}

TEST_F(RecordingPageTest, CarriesTheLicencesOfWhatItUses) {
  const auto page = page_of(traced_.recording());
  EXPECT_THAT(page, HasSubstr("uPlot 1.6.32"));
  EXPECT_THAT(page, HasSubstr("The MIT License (MIT)"));
  EXPECT_THAT(page, HasSubstr("Version 2.0, January 2004"));
  EXPECT_THAT(page, HasSubstr("Mike Bostock"));
}

TEST_F(RecordingPageTest, TextsOfARecordingAreInert) {
  const std::string hostile = "</script><script>alert(1)</script>\"'&\xe2\x80\xa8<!--\x1b[31m";
  auto& recording = traced_.recording();
  recording.plan.question = hostile;
  recording.plan.name = hostile;
  recording.facts["cpu.model"] = hostile;
  recording.manifest.command_line = {"isolab", "run", hostile};
  for (auto& arm : recording.plan.arms) arm.name += hostile;
  const auto page = page_of(recording);
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>\"")));
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("\x1b")));
  EXPECT_THAT(page, HasSubstr("&lt;/script&gt;&lt;script&gt;alert(1)"));
  EXPECT_THAT(page, HasSubstr("\\u003c/script\\u003e\\u003cscript\\u003ealert(1)"));
  EXPECT_THAT(page, HasSubstr("\\u2028"));
  // The data are one element, whatever the texts are.
  const auto begin = page.find("id=\"data\">");
  ASSERT_NE(begin, std::string::npos);
  const auto data = page.substr(begin + 10, page.find("</script>", begin) - begin - 10);
  const auto json = parse_json(data);
  ASSERT_TRUE(json) << json.error().text();
  EXPECT_THAT(print_json(*json), HasSubstr("alert(1)"));
}

TEST_F(RecordingPageTest, HasTheCellsOfTheTextReport) {
  const auto findings = analyse(traced_.recording());
  const auto page = page_of(traced_.recording());
  std::size_t cells = 0;
  for (const auto& shown : {counts_table(findings), lengths_table(findings),
                            interrupts_table(findings), time_table(findings)})
    for (const auto& row : shown.table.rows())
      for (std::size_t i = 1; i < row.cells.size(); ++i, ++cells)
        EXPECT_THAT(page, HasSubstr(">" + html_text(row.cells[i]) + "<"));
  EXPECT_GT(cells, 30u);
  EXPECT_THAT(page, HasSubstr("text_patch/jump_label do_sync_core"));
}

TEST(RecordingPage, SaysLoudlyWhatLimitsItsNumbers) {
  auto recording = test::cyclictest_recording();
  recording.facts["cpu.emulated"] = "yes: by QEMU";
  const auto page = page_of(recording);
  EXPECT_THAT(page, HasSubstr("<span class=\"badge bad\">CPUs 1-2 NOT ISOLATED: "));
  EXPECT_THAT(page, HasSubstr("<span class=\"badge bad\">times withheld: emulated CPU"));
  EXPECT_THAT(page, HasSubstr("No stories of gaps: emulated CPU"));
  const auto cut = page_of(test::cut_short_recording());
  EXPECT_THAT(cut, HasSubstr("recording is interrupted"));
  const auto busy = page_of(test::busy_loop_recording());
  EXPECT_THAT(busy, HasSubstr("kfence_sampling: this kernel was built without CONFIG_KFENCE"));
  EXPECT_THAT(busy, HasSubstr("0 (&lt;"));  // the bound of a zero
  EXPECT_THAT(busy, HasSubstr("BROKEN"));
}

TEST(Document, EscapesTexts) {
  EXPECT_EQ(html_text("<a b=\"c\" d='e'>&\x01"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;?");
  EXPECT_EQ(html_json("\"<!--&>\xe2\x80\xa9\xe2\x80\xa6\""),
            "\"\\u003c!--\\u0026\\u003e\\u2029\xe2\x80\xa6\"");
}

TEST(Document, AnIndentedRowIsNamedAfterTheOneAboveIt) {
  TextTable table({"arm", "<words", "n"}, 10);
  table.row({"idle", "x", "1"}, {"  CPU 1", "", "[0,2]"});
  table.row({"  CPU 2", "y", "2"});
  EXPECT_EQ(html_table("t", table),
            "<div class=\"scroll\"><table class=\"data\" data-name=\"t\"><thead><tr>"
            "<th class=\"l\">arm</th><th class=\"l\">words</th><th>n</th></tr></thead><tbody>\n"
            "<tr><td class=\"l\">idle<small>  CPU 1</small></td><td class=\"l\">x</td>"
            "<td>1<small>[0,2]</small></td></tr>\n"
            "<tr><td class=\"l\">idle / CPU 2</td><td class=\"l\">y</td><td>2</td></tr>\n"
            "</tbody></table></div>\n");
}

}  // namespace
}  // namespace isolab
