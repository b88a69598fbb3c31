// SPDX-License-Identifier: Apache-2.0
// Hand-made event streams: CPU 1 is watched, task 7 is the application. Times are ticks.
#include "analysis/watch/task_times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/watch/watch.h"
#include "tests/support/trace_builder.h"

namespace isolab::test {
namespace {

constexpr std::uint64_t kEnd = 100'000;

class WatchedTimes : public testing::Test {
 protected:
  WatchedTimes() { make_.pid = 7; }

  void measure(const CpuSet& cpus = CpuSet{1}) {
    TraceMeta meta;
    meta.clock = "x86-tsc";
    const EventTable table(formats_);
    const TraceClock clock(meta);
    TaskTimes times(table, clock, {cpus, begin_, kEnd, {50}}, known_);
    times.on_slice([this](int cpu, const Gap& slice) { slices_[cpu].push_back(slice); });
    std::vector<CpuReader> readers;
    pages_ = make_.take();
    for (const auto& [cpu, bytes] : pages_) readers.emplace_back(bytes, cpu, formats_.layout);
    merge_cpus(std::move(readers), [&](const TraceEvent& event) { times.add(event); });
    times.finish(kEnd);
    tasks_ = times.tasks();
    use_ = times.cpus();
    for (const auto& task : tasks_)
      EXPECT_EQ(task.observed(),
                task.ran + task.stolen() + task.waited + task.slept + task.elsewhere)
          << task.tid;
    for (const auto& use : use_) {
      EXPECT_EQ(use.observed, use.ran + use.stolen + use.not_wanted) << use.cpu;
      std::uint64_t sum = 0;
      for (const auto& slice : slices_[use.cpu]) sum += slice.length;
      EXPECT_EQ(use.stolen, sum) << use.cpu;
    }
  }

  TraceFormats formats_ = made_formats();
  TraceBuilder make_;
  std::uint64_t begin_ = 0;
  std::vector<WatchTask> known_{{.tid = 7,
                                 .tgid = 7,
                                 .runnable = true,
                                 .stays = true,
                                 .watched = true,
                                 .cpu = 1,
                                 .comm = "app"}};
  std::map<int, std::vector<std::byte>> pages_;
  std::map<int, std::vector<Gap>> slices_;
  std::vector<TaskTime> tasks_;
  std::vector<CpuUse> use_;
};

TEST_F(WatchedTimes, NestedInterruptsAreOneSliceOfTheRunningTask) {
  make_.tick(1, 1000);
  make_.softirq(1, 1400, 1);
  make_.call_ipi(1, 1500);
  make_.call_ipi_end(1, 1600);
  make_.softirq_end(1, 1700, 1);
  make_.tick_end(1, 2000);
  make_.tick(1, 5000);
  make_.tick_end(1, 5100);
  measure();
  EXPECT_THAT(slices_[1], testing::ElementsAre(Gap{1000, 1000}, Gap{5000, 100}));
  EXPECT_EQ(tasks_[0].interrupted, 1100u);
  EXPECT_EQ(tasks_[0].ran, kEnd - 1100);
}

TEST_F(WatchedTimes, PreemptionIsStolenAndSleepIsNot) {
  make_.task_switch(1, 10'000, "app", 7, "helper", 9);  // runnable: preempted
  make_.pid = 9;
  make_.tick(1, 12'000);
  make_.tick_end(1, 12'100);
  make_.task_switch(1, 13'000, "helper", 9, "app", 7, 1);
  make_.pid = 7;
  make_.task_switch(1, 20'000, "app", 7, "swapper/1", 0, 1);  // it sleeps
  make_.pid = 0;
  make_.tick(1, 25'000);  // while it sleeps: nobody's loss
  make_.tick_end(1, 25'500);
  make_.wakeup(0, 30'000, "app", 7, 1);
  make_.task_switch(1, 30'700, "swapper/1", 0, "app", 7);
  measure();
  EXPECT_EQ(use_[0].unseen_switches, 0u);
  EXPECT_THAT(slices_[1], testing::ElementsAre(Gap{10'000, 3000}));
  const auto& task = tasks_[0];
  EXPECT_EQ(task.preempted, 3000u);
  EXPECT_EQ(task.interrupted, 0u);
  EXPECT_EQ(task.slept, 10'000u);
  EXPECT_EQ(task.waited, 700u);
  EXPECT_EQ(task.longest_wait, 700u);
  EXPECT_EQ(task.preemptions, 1u);
  EXPECT_EQ(task.sleeps, 1u);
  EXPECT_EQ(use_[0].not_wanted, 10'700u);
}

TEST_F(WatchedTimes, ATaskThatNothingHappenedToRan) {
  measure();
  EXPECT_EQ(tasks_[0].ran, kEnd);
  EXPECT_EQ(use_[0].ran, kEnd);
}

TEST_F(WatchedTimes, AThreadBehindAnotherThreadOfTheApplicationWaits) {
  known_.push_back({.tid = 8, .tgid = 7, .stays = true, .watched = true, .cpu = 1, .comm = "app2"});
  make_.wakeup(0, 5000, "app2", 8, 1);
  make_.task_switch(1, 10'000, "app", 7, "app2", 8);
  make_.pid = 8;
  make_.task_switch(1, 15'000, "app2", 8, "helper", 9);  // both are preempted now
  make_.pid = 9;
  make_.task_switch(1, 16'000, "helper", 9, "app", 7, 1);
  make_.pid = 7;
  make_.task_switch(1, 20'000, "app", 7, "app2", 8, 1);
  measure();
  EXPECT_THAT(slices_[1], testing::ElementsAre(Gap{15'000, 1000}));
  EXPECT_EQ(tasks_[0].waited, 5000u);
  EXPECT_EQ(tasks_[0].preempted, 1000u);
  EXPECT_EQ(tasks_[1].preempted, 1000u);
  EXPECT_EQ(tasks_[1].waited, 5000u + 4000u);
}

TEST_F(WatchedTimes, APreemptedTaskThatRunsElsewhereLosesNothingHere) {
  known_[0].stays = false;
  make_.task_switch(1, 10'000, "app", 7, "helper", 9);
  make_.pid = 9;
  make_.tick(1, 20'000);
  make_.tick_end(1, 20'010);
  measure();  // CPU 2, where it went, is not watched
  EXPECT_TRUE(slices_[1].empty());
  EXPECT_EQ(tasks_[0].preempted, 0u);
  EXPECT_EQ(tasks_[0].elsewhere, 90'000u);
}

TEST_F(WatchedTimes, ATaskThatIsMovedAwayIsElsewhereUntilItIsBack) {
  ASSERT_TRUE(formats_.add(*EventFormat::parse("sched", made_migration().text())));
  make_.task_switch(1, 10'000, "app", 7, "helper", 9);
  make_.pid = 9;
  make_.migrate(1, 12'000, 7, 1, 2);  // CPU 2 is not watched
  make_.task_switch(1, 14'000, "helper", 9, "swapper/1", 0, 1);
  make_.pid = 0;
  make_.task_switch(1, 30'000, "swapper/1", 0, "app", 7);
  measure();
  EXPECT_THAT(slices_[1], testing::ElementsAre(Gap{10'000, 2000}));
  EXPECT_EQ(tasks_[0].preempted, 2000u);
  EXPECT_EQ(tasks_[0].elsewhere, 18'000u);
  EXPECT_EQ(tasks_[0].ran, 80'000u);
}

TEST_F(WatchedTimes, AMigratedTaskIsPreemptedUntilItRuns) {
  make_.task_switch(1, 10'000, "app", 7, "helper", 9);
  make_.pid = 0;
  make_.task_switch(2, 14'000, "swapper/2", 0, "app", 7);
  measure(CpuSet{1, 2});
  EXPECT_THAT(slices_[1], testing::ElementsAre(Gap{10'000, 4000}));
  EXPECT_EQ(tasks_[0].migrations, 1u);
  EXPECT_EQ(tasks_[0].preempted, 4000u);
}

TEST_F(WatchedTimes, AWakeUpOfARunningTaskIsNoSleep) {
  make_.pid = 100;
  make_.wakeup(0, 5000, "app", 7, 1);  // before CPU 1 has an event
  make_.pid = 7;
  make_.task_switch(1, 10'000, "app", 7, "swapper/1", 0, 1);
  make_.pid = 100;
  make_.wakeup(0, 20'000, "app", 7, 1);
  make_.pid = 0;
  make_.task_switch(1, 20'500, "swapper/1", 0, "app", 7);
  measure();
  EXPECT_EQ(tasks_[0].sleeps, 1u);
  EXPECT_EQ(tasks_[0].ran, kEnd - 20'500 + 5000);
}

TEST_F(WatchedTimes, ASwitchWithoutEventShowsByTheNextEvent) {
  make_.task_switch(1, 10'000, "app", 7, "swapper/1", 0, 1);
  make_.pid = 0;
  make_.tick(1, 20'000);
  make_.wakeup(1, 20'100, "app", 7, 1);
  make_.tick_end(1, 20'200);
  make_.pid = 7;
  make_.tick(1, 30'000);
  make_.tick_end(1, 30'400);
  measure();
  EXPECT_EQ(use_[0].unseen_switches, 1u);
  EXPECT_EQ(tasks_[0].waited, 100u);
  EXPECT_EQ(tasks_[0].slept, 10'100u);
  EXPECT_THAT(slices_[1], testing::ElementsAre(Gap{30'000, 400}));
}

TEST_F(WatchedTimes, EventsBeforeTheBeginningAreNotCounted) {
  begin_ = 20'000;
  make_.task_switch(1, 10'000, "app", 7, "helper", 9);
  make_.pid = 9;
  make_.task_switch(1, 15'000, "helper", 9, "app", 7, 1);
  make_.pid = 7;
  make_.task_switch(1, 30'000, "app", 7, "helper", 9);
  make_.pid = 9;
  make_.task_switch(1, 31'000, "helper", 9, "app", 7, 1);
  measure();
  EXPECT_EQ(tasks_[0].preemptions, 1u);
  EXPECT_EQ(tasks_[0].preempted, 1000u);
  EXPECT_EQ(tasks_[0].observed(), kEnd - 20'000);
  EXPECT_EQ(use_[0].events, 2u);
}

TEST_F(WatchedTimes, SwitchesToIsolabAreCounted) {
  make_.task_switch(1, 10'000, "app", 7, "isolab-run", 50);
  make_.pid = 50;
  make_.task_switch(1, 11'000, "isolab-run", 50, "app", 7, 1);
  measure();
  EXPECT_EQ(use_[0].own_switches, 1u);
}

TEST(WatchApplications, TheProcessWithMostTimeIsWatchedOnEachCpu) {
  std::vector<WatchTask> tasks{{.tid = 7, .tgid = 7, .comm = "app"},
                               {.tid = 8, .tgid = 7, .comm = "app2"},
                               {.tid = 9, .tgid = 9, .comm = "helper"},
                               {.tid = 20, .tgid = 20, .kernel = true, .comm = "kworker/1:0"},
                               {.tid = 30, .tgid = 30, .comm = "isolab"}};
  watch_applications({{1, {{0, 5000}, {7, 60}, {8, 50}, {9, 100}, {20, 900}, {30, 900}}}}, {30},
                     tasks);
  EXPECT_TRUE(tasks[0].watched);
  EXPECT_TRUE(tasks[1].watched);
  EXPECT_FALSE(tasks[2].watched || tasks[3].watched || tasks[4].watched);
}

TEST(WatchTasks, TheFileBringsThemBack) {
  const std::vector<WatchTask> tasks{
      {.tid = 7,
       .tgid = 7,
       .runnable = true,
       .stays = true,
       .watched = true,
       .cpu = 1,
       .comm = "a b"},
      {.tid = 20, .tgid = 20, .kernel = true, .cpu = 0, .comm = "kworker/1:0"}};
  const auto read = parse_watch_tasks(watch_tasks_text(tasks));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, tasks);
  const auto bad = parse_watch_tasks("7 7 1 r app\n0 7 1 r app\n");
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().what, testing::StartsWith("line 2: "));
}

}  // namespace
}  // namespace isolab::test
