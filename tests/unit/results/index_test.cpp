// SPDX-License-Identifier: Apache-2.0
// The SQLite index: what goes in comes out, and what is not an index is refused or remade.
#include "results/index.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <cstdlib>
#include <fstream>

#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

class Index : public testing::Test {
 protected:
  RecordingIndex open() {
    auto out = RecordingIndex::open(file_());
    EXPECT_TRUE(out) << out.error().text();
    return std::move(*out);
  }
  fs::path file_() const { return root_ / "index.sqlite"; }

  static IndexedRecording recording(const std::string& place, const std::string& when) {
    return {place,  "digest of " + place, when, "complete", "quick", "0123", "lab1", "6.12.1",
            "0.1.0"};
  }
  static std::vector<IndexedMetric> metrics(double value) {
    return {{"gap_max", {{"arm", "idle"}, {"cpu", "1"}}, "us", value, {}, value + 1, 7, 3600.5},
            {"gap_max", {{"arm", "load"}, {"cpu", "1"}}, "us", {}, {}, {}, 0, 0},
            {"time_lost", {{"arm", "idle"}, {"cpu", "1"}}, "us/s", 3, 2, 4, 1, 1}};
  }

  test::TemporaryDirectory scratch_;
  fs::path root_ = scratch_.path();
};

TEST_F(Index, ASeriesInTheOrderOfTime) {
  auto index = open();
  ASSERT_TRUE(index.put(recording("b", "2026-11-21T10:00:00Z"), metrics(12)));
  ASSERT_TRUE(index.put(recording("a", "2026-11-20T10:00:00Z"), metrics(10)));
  const auto series = index.history("gap_max", {{"arm", "idle"}}).value();
  ASSERT_EQ(series.size(), 2u);
  EXPECT_EQ(series[0].recording.place, "a");
  EXPECT_EQ(series[0].metric.value, 10);
  EXPECT_FALSE(series[0].metric.lower95);
  EXPECT_EQ(series[0].metric.upper95, 11);
  EXPECT_EQ(series[0].metric.n, 7u);
  EXPECT_EQ(series[0].metric.exposure_s, 3600.5);
  EXPECT_EQ(series[0].metric.labels.at("cpu"), "1");
  EXPECT_EQ(series[1].recording.kernel, "6.12.1");
  EXPECT_FALSE(index.history("gap_max", {{"arm", "load"}}).value().front().metric.value);
  EXPECT_TRUE(index.history("gap_max", {{"arm", "x"}}).value().empty());
  EXPECT_TRUE(index.history("nothing", {}).value().empty());
}

TEST_F(Index, SurvivesClosingAndReplacesAPlace) {
  { ASSERT_TRUE(open().put(recording("a", "1"), metrics(1))); }
  auto index = open();
  EXPECT_FALSE(index.remade());
  EXPECT_EQ(index.places().value().at("a"), "digest of a");
  ASSERT_TRUE(index.put(recording("a", "1"), metrics(2)));
  const auto series = index.history("gap_max", {{"arm", "idle"}}).value();
  ASSERT_EQ(series.size(), 1u);
  EXPECT_EQ(series[0].metric.value, 2);
  ASSERT_TRUE(index.remove("a"));
  EXPECT_TRUE(index.places().value().empty());
  EXPECT_TRUE(index.history("time_lost", {}).value().empty());  // its metrics went with it
}

TEST_F(Index, AnotherSchemaIsMadeAnew) {
  { ASSERT_TRUE(open().put(recording("a", "1"), metrics(1))); }
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(file_().c_str(), &raw), SQLITE_OK);
  sqlite3_exec(raw, "PRAGMA user_version = 99", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  auto index = open();
  EXPECT_TRUE(index.remade());
  EXPECT_TRUE(index.places().value().empty());
  EXPECT_TRUE(index.put(recording("a", "1"), metrics(1)));
}

TEST_F(Index, WhatIsNoDatabaseIsRefusedAndLeftAlone) {
  std::ofstream(file_()) << std::string(5000, 'x');
  const auto index = RecordingIndex::open(file_());
  ASSERT_FALSE(index);
  EXPECT_EQ(index.error().kind, ErrorKind::parse);
  EXPECT_THAT(index.error().text(), testing::HasSubstr("delete it"));
  EXPECT_EQ(fs::file_size(file_()), 5000u);
}

TEST_F(Index, ADirectoryThatIsNotThereIsAnError) {
  const auto index = RecordingIndex::open(root_ / "absent" / "index.sqlite");
  ASSERT_FALSE(index);
  EXPECT_THAT(index.error().text(), testing::HasSubstr("--index FILE"));
}

TEST_F(Index, ADatabaseOfAnotherProgramIsLeftAlone) {
  for (const char* theirs :
       {"CREATE TABLE metric (a); CREATE TABLE recording (b); INSERT INTO metric VALUES (1)",
        "CREATE TABLE metric (a); CREATE TABLE recording (b); PRAGMA user_version = 1",
        "CREATE TABLE notes (a); PRAGMA application_id = 7"}) {
    fs::remove(file_());
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(file_().c_str(), &raw), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(raw, theirs, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(raw);
    const std::string before = test::text_of(file_());
    const auto index = RecordingIndex::open(file_());
    ASSERT_FALSE(index) << theirs;
    EXPECT_EQ(index.error().kind, ErrorKind::usage);
    EXPECT_EQ(test::text_of(file_()), before);
  }
}

TEST_F(Index, OneWithoutOurMarkIsAdoptedAndALinkIsNot) {
  { ASSERT_TRUE(open().put(recording("a", "1"), metrics(1))); }
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(file_().c_str(), &raw), SQLITE_OK);
  sqlite3_exec(raw, "PRAGMA application_id = 0", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  EXPECT_EQ(open().places().value().size(), 1u);
  EXPECT_EQ(test::text_of(file_()).substr(68, 4), "isol");  // the header's application ID
  fs::create_symlink(file_(), root_ / "link.sqlite");
  EXPECT_EQ(RecordingIndex::open(root_ / "link.sqlite").error().kind, ErrorKind::usage);
}

/// With our mark and version, and whatever else `sql` makes.
void change_database(const fs::path& file, const std::string& sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

TEST_F(Index, ViewsAndTriggersOfOthersAreNotCarriedOut) {
  ASSERT_TRUE(open().put(recording("a", "2026-11-20T10:00:00Z"), metrics(10)));
  change_database(file_(),
                  "CREATE TABLE caught (x); CREATE TRIGGER t AFTER INSERT ON metric "
                  "BEGIN INSERT INTO caught VALUES (1); END");
  auto index = open();
  ASSERT_TRUE(index.put(recording("b", "2026-11-21T10:00:00Z"), metrics(12)));
  EXPECT_EQ(index.history("gap_max", {{"arm", "idle"}}).value().size(), 2u);
  change_database(
      file_(),
      "CREATE TABLE must_be_empty (x CHECK (x = 0)); INSERT INTO must_be_empty "
      "SELECT count(*) FROM caught; DROP TRIGGER t; DROP TABLE metric; "
      "CREATE VIEW metric AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) "
      "SELECT 1 AS recording, 'gap_max' AS name, '{}' AS labels, 'us' AS unit, x AS value, "
      "x AS lower95, x AS upper95, x AS n, x AS exposure_s FROM n");
  const auto refused = open().history("gap_max", {});  // it has no end
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, testing::HasSubstr(file_().string()));
}

TEST_F(Index, RowsThatIsolabDoesNotWriteAreRefusedWithTheFile) {
  for (const char* change : {"value = 'abc'", "value = 9e999", "n = 'many'", "exposure_s = x'00'",
                             "labels = '[]'", "labels = '{\"arm\": 1}'", "labels = '{'"}) {
    fs::remove(file_());
    ASSERT_TRUE(open().put(recording("a", "2026-11-20T10:00:00Z"), metrics(10)));
    change_database(file_(), fmt::format("UPDATE metric SET {} WHERE name = 'gap_max'", change));
    const auto refused = open().history("gap_max", {});
    ASSERT_FALSE(refused) << change;
    EXPECT_THAT(refused.error().what, testing::HasSubstr(file_().string())) << change;
    EXPECT_TRUE(open().history("time_lost", {})) << change;
  }
}

}  // namespace
}  // namespace isolab
