// SPDX-License-Identifier: Apache-2.0
// The page of a comparison with its real charts, opened by a real browser that has no network.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>

#include "analysis/compare.h"
#include "base/text_file.h"
#include "host/process.h"
#include "report/html/page.h"
#include "report/json/comparison_json.h"
#include "runner/charts.h"
#include "tests/support/compare_sessions.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::size_t times(const std::string& text, const std::string& word) {
  std::size_t out = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) ++out;
  return out;
}

TEST(HtmlPage, OpensInABrowserWithoutNetwork) {
  const auto browser = find_program("chromium");
  if (!browser) GTEST_SKIP() << "chromium is not installed (apt-get install chromium)";
  const test::TemporaryDirectory scratch;
  const fs::path& place = scratch.path();
  const auto sessions = test::letter_sessions();
  const auto comparison = compare(sessions.groups, {}).value();
  const auto files = draw_charts(comparison_to_json(comparison), "comparison.json", place);
  ASSERT_TRUE(files) << files.error().text();
  std::vector<InlineChart> charts;
  for (const auto& file : *files)
    if (file.extension() == ".svg")
      charts.push_back({file.stem().string(), read_text_file(file, kMostText).value()});
  EXPECT_GE(charts.size(), 5u);
  const fs::path page = place / "page.html";
  ASSERT_TRUE(write_text_file(page, render_html(comparison, {{}, "lpc2022"}, charts, "")));

  const auto dom = run_for_output(
      {*browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
       "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND",
       "--user-data-dir=" + (place / "browser").string(), "--dump-dom", "file://" + page.string()},
      std::chrono::seconds(120));
  ASSERT_TRUE(dom) << dom.error().text();
  EXPECT_EQ(times(*dom, "<figure id="), charts.size());
  EXPECT_GE(times(*dom, "<svg "), charts.size());
  EXPECT_GT(times(*dom, "<tr"), 20u);
  EXPECT_THAT(*dom, HasSubstr("Reproduce: <code>isolab run lpc2022 --hash"));
  EXPECT_EQ(times(*dom, "src=\"http"), 0u);
  EXPECT_EQ(times(*dom, "href=\"http"), 0u);
  EXPECT_EQ(times(*dom, "<script"), 1u);  // ours, which has run: tables have their buttons
  EXPECT_EQ(times(*dom, ">copy as text<"), times(*dom, "<table class=\"data\""));
  EXPECT_GE(times(*dom, "<table class=\"data\""), 3u);
  EXPECT_TRUE(dom->find("</html>") != std::string::npos);
}

}  // namespace
}  // namespace isolab
