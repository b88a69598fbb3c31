// SPDX-License-Identifier: Apache-2.0
// A metric over time: what belongs to one series, its table and its page.
#include "report/text/history.h"

#include <gmock/gmock.h>

#include "report/html/history_page.h"

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

HistoryPoint point(const std::string& started, const std::string& arm, double value,
                   const std::string& profile = "quick") {
  return {{"place " + started, "digest", started, "complete", profile, "0123456789abcdef", "lab1",
           "6.12.1", "0.2.0"},
          {"gap_max", {{"arm", arm}}, "us", value, value - 1, value + 1, 5, 60}};
}

TEST(History, ASeriesIsAProfileAMachineAndLabels) {
  const auto all = history_series({point("1", "idle", 10), point("2", "idle", 20, "other"),
                                   point("3", "idle", 30), point("1", "load", 40)});
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].name, "quick 0123456789ab on lab1, arm idle");
  ASSERT_EQ(all[0].points.size(), 2u);
  EXPECT_EQ(all[0].points[1].metric.value, 30);
  EXPECT_EQ(all[1].name, "other 0123456789ab on lab1, arm idle");
  EXPECT_EQ(all[2].name, "quick 0123456789ab on lab1, arm load");
}

TEST(History, TheTableHasValueIntervalAndPlace) {
  const auto series = history_series({point("2026-11-20T10:00:00Z", "idle", 10)});
  const auto table = history_table(series.front());
  ASSERT_EQ(table.rows().size(), 1u);
  EXPECT_THAT(table.rows().front().cells, ElementsAre("2026-11-20T10:00:00Z", "10", "[9,11]", "5",
                                                      "6.12.1", "place 2026-11-20T10:00:00Z"));
}

TEST(History, ThePageHasNoMarkupFromARecording) {
  auto hostile = point("2026-11-20T10:00:00Z", "</script><b>", 10);
  hostile.recording.kernel = "<img src=x>";
  hostile.metric.lower95.reset();
  const auto page =
      render_history_page(all_metrics().front(), history_series({hostile}), "<recordings>");
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("<recordings>")));
  EXPECT_THAT(page, HasSubstr("null"));
}

}  // namespace
}  // namespace isolab
