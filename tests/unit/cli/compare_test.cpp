// SPDX-License-Identifier: Apache-2.0
// What the verbs compare and history print, and what they end with.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <cstdio>

#include "cli/command_line.h"
#include "tests/support/golden_file.h"
#include "tests/support/recordings_on_disk.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using test::Recordings;
using testing::HasSubstr;
using testing::Not;

/// What a command line prints on stdout; its exit code goes into `code`.
std::string printed(std::vector<std::string> words, ExitCode& code) {
  words.insert(words.begin(), "isolab");
  testing::internal::CaptureStdout();
  code = carry_out(
      words,
      [] {
        return std::vector{verb_compare(), verb_history()};
      },
      "0");
  std::fflush(stdout);
  return testing::internal::GetCapturedStdout();
}

TEST_F(Recordings, HistoryFollowsAMetricOverRecordings) {
  record("one");
  record("lab/two", 30);
  const auto history = [&](const std::string& metric, const std::vector<std::string>& more) {
    std::vector<std::string> words{"history", metric, "--in", root_.string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  const std::vector<std::string> noise{"--label", "arm=noise", "--label", "cpu=all"};
  ExitCode code{-1};
  const auto text = printed(history("gaps_over_10us", noise), code);
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
  const auto json =
      printed(history("gaps_over_10us", {"--json", "--label=arm=noise", "--label=cpu=all"}), code);
  EXPECT_THAT(json, HasSubstr("\"value\": 36000.0"));
  EXPECT_THAT(json, Not(HasSubstr("\"one\"")));
  EXPECT_THAT(json, Not(HasSubstr("18000.0")));

  printed(history("gaps_over_10us", {"--label", "arm=absent"}), code);
  EXPECT_EQ(code, ExitCode::not_applicable);
  printed(history("gaps_over_10us", {"--label", "arm"}), code);
  EXPECT_EQ(code, ExitCode::failed);
  printed(history("gaps_over_11us", {}), code);
  EXPECT_EQ(code, ExitCode::failed);
}

TEST_F(Recordings, TheVerbComparesThemAsItsTestsSay) {
  std::string base, now;
  for (int i = 0; i < 6; ++i) {
    base += (i == 0 ? "base=" : ",") + record(fmt::format("b{}", i), i).string();
    now += (i == 0 ? "new=" : ",") + record(fmt::format("n{}", i), 40 + i).string();
  }
  ExitCode code{-1};
  const auto letter = printed({"compare", base, now, "--cover-letter"}, code);
  EXPECT_EQ(code, ExitCode::done);
  test::expect_page(letter, 72);
  EXPECT_THAT(letter, testing::ContainsRegex("gaps >10us/CPU-h.* 2\\.[0-9]+x \\*"));
  EXPECT_THAT(letter, HasSubstr("n = 6 and 6 sessions"));
  printed({"compare", base}, code);
  EXPECT_EQ(code, ExitCode::failed);
}

TEST_F(Recordings, SessionsWhoseArmsAreComparedCountOnce) {
  const std::string group = record("a").string() + "," + record("b").string();
  ExitCode code{-1};
  const auto text = printed({"compare", group, "--arms", "idle,noise"}, code);
  EXPECT_THAT(text, HasSubstr("in how many of the 2 sessions"));
}

}  // namespace
}  // namespace isolab
