// SPDX-License-Identifier: Apache-2.0
// The command workload with the small programs every system has.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "host/descendants.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/workload_bench.h"
#include "workloads/contract/workload_process.h"
#include "workloads/support/capped_log.h"

namespace isolab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr Nanos kLong = seconds(20);

class CommandTest : public testing::Test {
 protected:
  CommandTest() { bench_.setup().log = directory_ / "log"; }

  WorkloadProcess start(const ParamValues& values) {
    auto work = WorkloadProcess::launch(workloads::command, values, bench_.setup());
    EXPECT_TRUE(work);
    EXPECT_TRUE(work->wait_ready(kLong));
    work->go();
    return std::move(*work);
  }
  static void wait_for_runs(WorkloadProcess& work, std::uint64_t runs) {
    for (int i = 0; i < 20000 && work.counts().at("runs") < runs && !work.failure(); ++i)
      sleep_for(milliseconds(1));
  }
  std::string log() {
    std::ifstream file(bench_.setup().log);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const test::TemporaryDirectory directory_;
  SystemFiles files_;
  WorkloadBench bench_{files_};
};

TEST_F(CommandTest, IsRunAgainAndAgainWithoutAShell) {
  auto work = start({{"argv", {"echo", "$HOME;", "two words"}}});
  wait_for_runs(work, 3);
  const auto record = work.stop(kLong);
  EXPECT_EQ(record.error, "");
  EXPECT_GE(record.at_end.at("runs"), 3U);
  EXPECT_EQ(record.notes.at("last_exit"), "exit code 0");
  EXPECT_TRUE(log().starts_with("$HOME; two words\n$HOME; two words\n")) << log();
}

TEST_F(CommandTest, OnceMeansOnce) {
  auto work = start({{"argv", {"echo", "x"}}, {"once", {"true"}}});
  wait_for_runs(work, 1);
  sleep_for(milliseconds(200));
  EXPECT_FALSE(work.failure());
  const auto record = work.stop(kLong);
  EXPECT_EQ(record.error, "");
  EXPECT_EQ(record.at_end.at("runs"), 1U);
  EXPECT_EQ(log(), "x\n");
}

TEST_F(CommandTest, FailureEndsItUnlessItMay) {
  auto strict = start({{"argv", {"false"}}});
  wait_for_runs(strict, 1000);
  const auto problem = strict.failure();
  ASSERT_TRUE(problem);
  EXPECT_THAT(problem->what, HasSubstr("false: exit code 1"));
  EXPECT_EQ(strict.stop(kLong).at_end.at("failures"), 1U);

  auto lenient = start({{"argv", {"false"}}, {"may_fail", {"true"}}});
  wait_for_runs(lenient, 3);
  const auto record = lenient.stop(kLong);
  EXPECT_EQ(record.error, "");
  EXPECT_GE(record.at_end.at("failures"), 3U);
}

TEST_F(CommandTest, LongRunsAreEndedAtTheStop) {
  auto work = start({{"argv", {"sleep", "1000"}}});
  sleep_for(milliseconds(50));
  const auto before = std::chrono::steady_clock::now();
  const auto record = work.stop(kLong);
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(10));
  EXPECT_EQ(record.error, "");
  EXPECT_EQ(record.at_end.at("runs"), 0U);
}

TEST_F(CommandTest, NoGrandchildOutlivesADeafWorkload) {
  auto work = start({{"argv", {"sleep", "1000"}}});
  std::vector<pid_t> family;
  for (int i = 0; i < 5000 && family.empty(); ++i) {
    family = descendants_of(files_, work.pid());
    sleep_for(milliseconds(1));
  }
  ASSERT_EQ(family.size(), 1U);
  kill(work.pid(), SIGSTOP);  // deaf: it sees neither the flag nor SIGTERM
  const auto record = work.stop(milliseconds(100));
  EXPECT_THAT(record.error, HasSubstr("did not stop within"));
  for (int i = 0; i < 5000 && kill(family.front(), 0) == 0; ++i) sleep_for(milliseconds(1));
  EXPECT_NE(kill(family.front(), 0), 0);
}

TEST_F(CommandTest, OutputWithoutEndIsCutAndNotWaitedFor) {
  constexpr auto kLimit = CappedLog::kLimit;
  // Ends by itself, so that what it wrote is known; a writer that waits for ever would not.
  auto work = start({{"argv", {"head", "-c", std::to_string(kLimit + 5'000'000), "/dev/zero"}},
                     {"once", {"true"}}});
  for (int i = 0; i < 20000 && work.counts().at("runs") == 0 && !work.failure(); ++i)
    sleep_for(milliseconds(1));
  const auto record = work.stop(kLong);
  EXPECT_EQ(record.error, "");
  EXPECT_EQ(record.at_end.at("runs"), 1U);
  EXPECT_EQ(record.notes.at("last_exit"), "exit code 0");
  EXPECT_EQ(record.notes.at("output_bytes_cut"), "5000000");
  const auto text = log();
  EXPECT_EQ(text.substr(kLimit), "\n[isolab: 5000000 more bytes were discarded]\n");
}

// A process that the command leaves behind keeps the pipe open, and may go on writing.
TEST_F(CommandTest, TheLogIsClosedBesideAWriterThatIsLeft) {
  auto work = start({{"argv", {"sh", "-c", "setsid sleep 1000 & echo $!"}}, {"once", {"true"}}});
  wait_for_runs(work, 1);
  EXPECT_EQ(work.stop(kLong).error, "");
  EXPECT_EQ(kill(std::stoi(log()), SIGKILL), 0) << log();
}

TEST_F(CommandTest, MissingProgramIsNotApplicable) {
  const auto outcome = dry_run_in_child(workloads::command,
                                        {{"argv", {"no-such-program-anywhere"}}}, bench_.setup());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(outcome.error().what, HasSubstr("no-such-program-anywhere"));
}

}  // namespace
}  // namespace isolab
