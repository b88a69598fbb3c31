// SPDX-License-Identifier: Apache-2.0
// What the verbs compare and history print, and what they end with.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <cstdio>

#include "base/exit_code.h"
#include "cli/commands.h"
#include "tests/support/golden_file.h"
#include "tests/support/recordings_on_disk.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using test::Recordings;
using testing::HasSubstr;
using testing::Not;

/// What a verb prints on stdout; its exit code goes into `code`.
template <class F>
std::string printed(F verb, ExitCode& code) {
  testing::internal::CaptureStdout();
  code = verb();
  std::fflush(stdout);
  return testing::internal::GetCapturedStdout();
}

TEST_F(Recordings, HistoryFollowsAMetricOverRecordings) {
  record("one");
  record("lab/two", 30);
  HistoryOptions options;
  options.metric = "gaps_over_10us";
  options.labels = {"arm=noise", "cpu=all"};
  options.directory = root_;
  ExitCode code{-1};
  const auto text = printed([&] { return history_command(options); }, code);
  EXPECT_EQ(code, ExitCode::done);
  EXPECT_THAT(text, HasSubstr("arm noise, cpu all"));
  EXPECT_THAT(text, HasSubstr("7.20k"));  // 40 in 20 s
  EXPECT_THAT(text, HasSubstr("18.0k"));  // 100 in 20 s
  EXPECT_THAT(text, HasSubstr("lab/two"));
  EXPECT_TRUE(fs::exists(root_ / "index.sqlite"));

  // The index follows what is on disk: one recording goes, another takes a known place.
  fs::remove_all(root_ / "one");
  fs::remove_all(root_ / "lab/two");
  record("lab/two", 80, "another");
  options.json = true;
  const auto json = printed([&] { return history_command(options); }, code);
  EXPECT_THAT(json, HasSubstr("\"value\": 36000.0"));
  EXPECT_THAT(json, Not(HasSubstr("\"one\"")));
  EXPECT_THAT(json, Not(HasSubstr("18000.0")));

  options.labels = {"arm=absent"};
  printed([&] { return history_command(options); }, code);
  EXPECT_EQ(code, ExitCode::not_applicable);
  options.labels = {"arm"};
  printed([&] { return history_command(options); }, code);
  EXPECT_EQ(code, ExitCode::failed);
  options.labels.clear();
  options.metric = "gaps_over_11us";
  printed([&] { return history_command(options); }, code);
  EXPECT_EQ(code, ExitCode::failed);
}

TEST_F(Recordings, TheVerbComparesThemAsItsTestsSay) {
  std::string base, now;
  for (int i = 0; i < 6; ++i) {
    base += (i == 0 ? "base=" : ",") + record(fmt::format("b{}", i), i).string();
    now += (i == 0 ? "new=" : ",") + record(fmt::format("n{}", i), 40 + i).string();
  }
  CompareOptions options;
  options.request.groups = {base, now};
  options.cover_letter = true;
  ExitCode code{-1};
  const auto letter = printed([&] { return compare_command(options); }, code);
  EXPECT_EQ(code, ExitCode::done);
  test::expect_page(letter, 72);
  EXPECT_THAT(letter, testing::ContainsRegex("gaps >10us/CPU-h.* 2\\.[0-9]+x \\*"));
  EXPECT_THAT(letter, HasSubstr("n = 6 and 6 sessions"));
  options.request.groups = {base};
  printed([&] { return compare_command(options); }, code);
  EXPECT_EQ(code, ExitCode::failed);
}

TEST_F(Recordings, SessionsWhoseArmsAreComparedCountOnce) {
  CompareOptions options;
  options.request.groups = {record("a").string() + "," + record("b").string()};
  options.request.arms = {"idle", "noise"};
  ExitCode code{-1};
  const auto text = printed([&] { return compare_command(options); }, code);
  EXPECT_THAT(text, HasSubstr("in how many of the 2 sessions"));
}

}  // namespace
}  // namespace isolab
