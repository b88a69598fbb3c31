// SPDX-License-Identifier: Apache-2.0
// A/A: what compare flags between sessions of one profile.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <fstream>

#include "analysis/compare.h"
#include "analysis/false_positives.h"
#include "analysis/session_groups.h"
#include "tests/support/recordings_on_disk.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using test::Recordings;
using testing::HasSubstr;

TEST_F(Recordings, FalsePositivesAreMeasuredKeptAndCited) {
  std::vector<fs::path> sessions;
  for (int i = 0; i < 12; ++i)
    sessions.push_back(record(fmt::format("aa/session-{:02}", i + 1), (i * 5) % 7));
  const auto measured = measure_false_positives(sessions);
  ASSERT_TRUE(measured) << measured.error().text();
  EXPECT_EQ(measured->sessions, 12u);
  EXPECT_GT(measured->tests, 3u);
  EXPECT_EQ(measured->flagged, 0u);
  const auto json = false_positives_json(*measured);
  std::ofstream(root_ / "aa" / kFalsePositivesFile) << json;
  const auto back = false_positives_from_json("aa.json", json);
  ASSERT_TRUE(back) << back.error().text();
  EXPECT_EQ(citation(*back), citation(*measured));

  // Cited beside recordings of the same profile, kernel and machine, and nowhere else.
  const auto cited = [&](const fs::path& a, const fs::path& b) {
    const auto loaded = load_groups({{"a", {a}}, {"b", {b}}}, false).value();
    return citations_for(compare(loaded.groups, {}).value(), loaded.directories);
  };
  EXPECT_THAT(cited(record("base"), record("new")), testing::ElementsAre(citation(*measured)));
  EXPECT_THAT(cited(record("base2", 0, "other"), record("new2", 0, "other")), testing::IsEmpty());
  EXPECT_FALSE(measure_false_positives({sessions.begin(), sessions.begin() + 11}));
  sessions[3] = record("stranger", 0, "other");
  EXPECT_THAT(measure_false_positives(sessions).error().text(),
              HasSubstr("sessions of different profiles"));
  EXPECT_FALSE(false_positives_from_json("x", "{}"));
}

// A drift over the sessions falls on both groups alike where they are interleaved, and is called a
// change where they are not.
TEST_F(Recordings, DriftShowsBetweenTheHalves) {
  std::vector<fs::path> sessions;
  for (int i = 0; i < 12; ++i) sessions.push_back(record(fmt::format("s{:02}", i), 4 * i));
  const auto measured = measure_false_positives(sessions).value();
  EXPECT_EQ(measured.flagged, 0u);
  EXPECT_GT(measured.drift_flagged, 0u);
}

}  // namespace
}  // namespace isolab
