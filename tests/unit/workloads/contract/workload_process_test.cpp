// SPDX-License-Identifier: Apache-2.0
// Workloads that misbehave on purpose: each ends in bounded time, is named, and its counts are
// kept.
#include "workloads/contract/workload_process.h"
#include "host/descendants.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <new>

#include "tests/support/workload_bench.h"

namespace isolab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr Nanos kLongWait = seconds(20);  // never waited for when the code is right

/// Does what `mode` says; counts 0 += 1 a millisecond.
class Actor final : public Workload {
 public:
  struct Args {
    std::string mode = "works";
  };
  Actor(const Args& args, const WorkloadContext& context) : mode_(args.mode), context_(context) {}

  Result<void> dry_run() override { return misbehave("dry"); }
  Result<void> prepare() override {
    context_.note("mode", mode_);
    context_.note("progress", "half way");
    return misbehave("prepare");
  }
  Result<void> run() override {
    for (int i = 0; !context_.stop.requested(); ++i) {
      sleep_for(milliseconds(1));
      context_.counters.add(0);
      if (i == 20) TRY(misbehave("run"));
      if (i == 20 && mode_ == "leaves early") return {};
    }
    if (mode_ == "ignores SIGTERM") {
      signal(SIGTERM, SIG_IGN);
      hang();
    }
    if (mode_ == "ignores stop") hang();
    return {};
  }
  void finish() override { context_.counters.set(1, 1); }

 private:
  static void hang() {
    while (true) pause();
  }
  Result<void> misbehave(const std::string& where) const {
    if (mode_ == where + " crashes") raise(SIGSEGV);
    if (mode_ == where + " hangs") hang();
    if (mode_ == where + " exits") _exit(7);
    if (mode_ == where + " throws") throw std::bad_alloc();
    if (mode_ == where + " refuses")
      return Error{ErrorKind::unsupported, "this kernel lacks it", "boot another"};
    return {};
  }
  std::string mode_;
  WorkloadContext context_;
};

const WorkloadInfo kActor = describe<Actor>({.name = "actor",
                                             .summary = "test",
                                             .disturbs = "nothing",
                                             .needs = "nothing",
                                             .counts = {{"ticks", "milliseconds"}, {"ends", ""}}},
                                            param("mode", &Actor::Args::mode, "what it does"));

class WorkloadProcessTest : public testing::Test {
 protected:
  Result<WorkloadProcess> launch(const std::string& mode) {
    return WorkloadProcess::launch(kActor, {{"mode", {mode}}}, bench_.setup());
  }
  Result<void> dry_run(const std::string& mode, Nanos limit = kLongWait) {
    return dry_run_in_child(kActor, {{"mode", {mode}}}, bench_.setup(), limit);
  }
  /// Launches, lets go and waits until the workload has failed or counted 50.
  WorkloadProcess running(const std::string& mode) {
    auto work = launch(mode);
    EXPECT_TRUE(work) << work.error().text();
    EXPECT_TRUE(work->wait_ready(kLongWait));
    work->go();
    while (!work->failure() && work->counts().at("ticks") < 50) sleep_for(milliseconds(1));
    return std::move(*work);
  }

  SystemFiles files_;
  WorkloadBench bench_{files_};
};

TEST_F(WorkloadProcessTest, WorksUntilItIsStopped) {
  auto work = running("works");
  EXPECT_FALSE(work.failure());
  const auto record = work.stop(kLongWait);
  EXPECT_EQ(record.error, "");
  EXPECT_EQ(record.workload, "actor");
  EXPECT_GE(record.at_end.at("ticks"), 50U);
  EXPECT_EQ(record.at_end.at("ends"), 1U);
  EXPECT_EQ(record.notes.at("mode"), "works");
  EXPECT_EQ(record.notes.count("progress"), 0U);
  EXPECT_LT(record.expected_ipis_per_op, 0);
  EXPECT_GT(record.user_seconds + record.system_seconds, 0);
  EXPECT_EQ(work.stop(kLongWait).at_end, record.at_end);
}

static_assert(std::is_move_assignable_v<WorkloadProcess>);

TEST_F(WorkloadProcessTest, DoesNothingBeforeGo) {
  auto work = launch("works");
  ASSERT_TRUE(work);
  ASSERT_TRUE(work->wait_ready(kLongWait));
  sleep_for(milliseconds(30));
  EXPECT_EQ(work->counts().at("ticks"), 0U);
  EXPECT_EQ(work->progress(), "half way");
  const auto record = work->stop(kLongWait);
  EXPECT_EQ(record.error, "");
  EXPECT_EQ(record.at_end.at("ticks"), 0U);
}

TEST_F(WorkloadProcessTest, CrashIsNamedAndCountsAreKept) {
  auto work = running("run crashes");
  const auto problem = work.failure();
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->what, "workload actor died: killed by SIGSEGV");
  const auto record = work.stop(kLongWait);
  EXPECT_EQ(record.error, problem->what);
  EXPECT_EQ(record.at_end.at("ticks"), 21U);
}

TEST_F(WorkloadProcessTest, AnExceptionIsItsError) {
  const auto record = running("run throws").stop(kLongWait);
  EXPECT_EQ(record.error, "workload actor: out of memory");
  EXPECT_EQ(record.at_end.at("ticks"), 21U);
}

TEST_F(WorkloadProcessTest, ExitInTheMiddleIsAFailure) {
  const auto record = running("run exits").stop(kLongWait);
  EXPECT_EQ(record.error, "workload actor died: exit code 7");
  EXPECT_EQ(record.at_end.at("ticks"), 21U);
}

TEST_F(WorkloadProcessTest, ReturningEarlyIsAFailure) {
  const auto record = running("leaves early").stop(kLongWait);
  EXPECT_EQ(record.error, "workload actor: it ended before it was told to stop");
  EXPECT_EQ(record.at_end.at("ends"), 1U);
}

TEST_F(WorkloadProcessTest, ErrorOfRunKeepsKindAndHint) {
  auto work = running("run refuses");
  const auto problem = work.failure();
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->kind, ErrorKind::unsupported);
  EXPECT_EQ(problem->what, "workload actor: this kernel lacks it");
  EXPECT_EQ(problem->hint, "boot another");
  EXPECT_EQ(work.stop(kLongWait).at_end.at("ends"), 1U);
}

TEST_F(WorkloadProcessTest, HangInPrepareMeetsTheDeadline) {
  auto work = launch("prepare hangs");
  ASSERT_TRUE(work);
  const auto ready = work->wait_ready(milliseconds(100));
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error().kind, ErrorKind::interrupted);
  EXPECT_THAT(ready.error().what, HasSubstr("workload actor hangs"));
  const auto record = work->stop(milliseconds(50));
  EXPECT_THAT(record.error, HasSubstr("did not stop within"));
  EXPECT_THAT(record.error, HasSubstr("killed by SIGTERM"));
}

TEST_F(WorkloadProcessTest, CrashInPrepareIsSeenAtOnce) {
  auto work = launch("prepare crashes");
  ASSERT_TRUE(work);
  const auto ready = work->wait_ready(kLongWait);
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error().what, "workload actor died: killed by SIGSEGV");
}

TEST_F(WorkloadProcessTest, WaitingCanBeGivenUp) {
  auto work = launch("prepare hangs");
  ASSERT_TRUE(work);
  std::string seen;
  const auto ready = work->wait_ready(kLongWait, [&](const std::string& progress) {
    seen = progress;
    return seen.empty();
  });
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error().kind, ErrorKind::interrupted);
  EXPECT_EQ(seen, "half way");
  (void)work->stop(Nanos{0});
}

TEST_F(WorkloadProcessTest, DeafWorkloadIsKilledInBoundedTime) {
  for (const char* mode : {"ignores stop", "ignores SIGTERM"}) {
    auto work = running(mode);
    const auto before = std::chrono::steady_clock::now();
    const auto record = work.stop(milliseconds(100));
    EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(10)) << mode;
    EXPECT_THAT(record.error, HasSubstr("actor did not stop within")) << mode;
    EXPECT_GE(record.at_end.at("ticks"), 50U) << mode;
  }
}

TEST_F(WorkloadProcessTest, BadParametersAreReportedByName) {
  auto work = WorkloadProcess::launch(kActor, {{"mode", {"a", "b"}}}, bench_.setup());
  ASSERT_TRUE(work);
  const auto ready = work->wait_ready(kLongWait);
  ASSERT_FALSE(ready);
  EXPECT_EQ(ready.error().kind, ErrorKind::usage);
}

TEST_F(WorkloadProcessTest, DryRunTellsApartWorkingRefusingDyingAndHanging) {
  EXPECT_TRUE(dry_run("works"));
  EXPECT_EQ(dry_run("dry refuses").error().kind, ErrorKind::unsupported);
  EXPECT_EQ(dry_run("dry refuses").error().hint, "boot another");
  EXPECT_EQ(dry_run("dry crashes").error().what, "workload actor died: killed by SIGSEGV");
  EXPECT_EQ(dry_run("dry exits").error().what, "workload actor died: exit code 7");
  EXPECT_EQ(dry_run("dry throws").error().what, "out of memory");
  const auto hung = dry_run("dry hangs", milliseconds(100));
  EXPECT_EQ(hung.error().kind, ErrorKind::interrupted);
  EXPECT_THAT(hung.error().what, HasSubstr("hangs"));
}

TEST_F(WorkloadProcessTest, ProcessLeavesNoDescendants) {
  Result<Child> child = Child::fork_into("parent", {}, [] {
    const pid_t leaver = fork();
    if (leaver == 0) {
      setpgid(0, 0);  // out of reach of a signal to the group
      pause();
    }
    pause();
    return 0;
  });
  ASSERT_TRUE(child);
  std::vector<pid_t> family;
  for (int i = 0; i < 1000 && family.empty(); ++i) {
    family = descendants_of(files_, child->pid());
    sleep_for(milliseconds(1));
  }
  ASSERT_EQ(family.size(), 1U);
  kill(family.front(), SIGKILL);
}

TEST_F(WorkloadProcessTest, ThreadSharesTheBlockAndWaitsForThePeers) {
  const auto block = std::make_shared<WorkloadBlock>(std::move(*WorkloadBlock::create()));
  const std::atomic<std::uint32_t> listening{1};
  bench_.setup().cpus = this_thread_cpus();
  auto thread =
      WorkloadThread::start(kActor, {{"mode", {"works"}}}, bench_.setup(), block, listening);
  ASSERT_TRUE(thread);
  ASSERT_TRUE(block->wait_ready("actor", kLongWait, {}));
  block->let_go();
  while (block->counts(kActor).at("ticks") < 50) sleep_for(milliseconds(1));
  EXPECT_TRUE(thread->join(kLongWait));
  const auto record = block->record(kActor, {}, bench_.host());
  EXPECT_EQ(record.error, "");
  EXPECT_EQ(record.at_end.at("ends"), 1U);
}

TEST_F(WorkloadProcessTest, ThreadThatFailsIsNamedInItsRecord) {
  const auto block = std::make_shared<WorkloadBlock>(std::move(*WorkloadBlock::create()));
  const std::atomic<std::uint32_t> listening{1};
  bench_.setup().cpus = this_thread_cpus();
  auto thread =
      WorkloadThread::start(kActor, {{"mode", {"leaves early"}}}, bench_.setup(), block, listening);
  ASSERT_TRUE(thread);
  block->let_go();
  while (!block->failure("actor")) sleep_for(milliseconds(1));
  EXPECT_TRUE(thread->join(kLongWait));
  const auto record = block->record(kActor, {}, bench_.host());
  EXPECT_EQ(record.error, "workload actor: it ended before it was told to stop");
  EXPECT_EQ(record.at_end.at("ticks"), 21U);
}

TEST(WorkloadBlockTest, KeepsTheLatestNotesAndCountsWhatDidNotFit) {
  SystemFiles files;
  WorkloadBench bench(files);
  const auto context = bench.context();
  context.note("key", "old");
  context.note("key", "new = with\nall sorts");
  context.note("progress", std::string(1000, 'x'));
  EXPECT_EQ(bench.block().notes().at("key"), "new = with\nall sorts");
  EXPECT_EQ(bench.block().progress(), std::string(255, 'x'));
  EXPECT_EQ(bench.block().notes().count("notes_dropped"), 0U);
  context.note("huge", std::string(20000, 'y'));
  EXPECT_EQ(bench.block().notes().at("notes_dropped"), "1");
  EXPECT_EQ(bench.block().notes().at("key"), "new = with\nall sorts");
}

}  // namespace
}  // namespace isolab
