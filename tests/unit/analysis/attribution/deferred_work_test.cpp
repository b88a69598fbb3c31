// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/deferred_work.h"

#include <gmock/gmock.h>

#include "tests/unit/analysis/attribution/attribution_fixture.h"

namespace isolab {
namespace {

using test::AttributionTest;
using test::kJumpLabel;
using test::kSync;
using testing::ElementsAre;

constexpr std::uint64_t kStampWork = 0xe200, kShepherd = 0xe300, kDelay = 0xe400,
                        kRetransmit = 0xe500, kSleep = 0xe600, kRaised = 0xe700;
constexpr std::uint8_t kInHardirq = 0x08, kInSoftirq = 0x10;
constexpr int kTimerVec = 1, kBlockVec = 4;

class Deferred : public AttributionTest {
 protected:
  Deferred() {
    trace_.symbols[kStampWork] = "netstamp_clear+0x0/0x40";
    trace_.symbols[kShepherd] = "vmstat_shepherd+0x0/0x40";
    trace_.symbols[kDelay] = "delayed_work_timer_fn+0x0/0x40";
    trace_.symbols[kRetransmit] = "tcp_write_timer+0x0/0x40";
    trace_.symbols[kSleep] = "hrtimer_wakeup+0x0/0x40";
    trace_.symbols[kRaised] = "rcu_iw_handler+0x0/0x40";
    trace_.comms = {{7, "probe"},    {44, "kworker/1:2"}, {45, "kworker/0:1"},
                    {300, "opener"}, {301, "other"},      {0, "swapper/0"}};
  }
  /// The events that follow are of this task, in a softirq or an interrupt.
  void as(std::int32_t task, std::uint8_t context = 0) { make_.pid = task, make_.flags = context; }
  /// The worker of CPU 1 runs one item in [time, time + 60].
  void work_runs(std::uint64_t time, std::uint64_t work, std::uint64_t function = kStampWork) {
    as(7);
    make_.task_switch(1, time, "probe", 7, "kworker/1:2", 44);
    as(44);
    make_.work_begins(1, time + 10, function, work);
    make_.work_ends(1, time + 50, function);
    make_.task_switch(1, time + 60, "kworker/1:2", 44, "probe", 7);
  }
  /// A timer softirq on `cpu` in [time, time + 20] while `task` runs.
  template <class Body>
  void timer_runs(int cpu, std::uint64_t time, std::uint64_t timer, std::uint64_t function,
                  std::int32_t task, const Body& body) {
    as(task, kInSoftirq);
    make_.softirq(cpu, time, kTimerVec);
    make_.jiffy_timer_expires(cpu, time + 5, timer, function);
    body();
    make_.jiffy_timer_ends(cpu, time + 15, timer);
    make_.softirq_end(cpu, time + 20, kTimerVec);
    as(task);
  }
};

TEST_F(Deferred, WorkIsNamedByWhoQueuedItAndWhen) {
  as(300);
  make_.work_queued(0, 1000, 0xaa00, kStampWork, 1);
  work_runs(1100, 0xaa00);
  attribute({{1090, 100}});
  EXPECT_THAT(stories_[0].causes, ElementsAre("other_task/other_task/kworker/1",
                                              "other_task/other_task/kworker/1 netstamp_clear"));
  EXPECT_THAT(stories_[0].who, ElementsAre("", "opener (pid 300) on CPU 0"));
  const auto& work = tally("kworker/1 netstamp_clear");
  ASSERT_EQ(work.senders.size(), 1u);
  EXPECT_EQ(work.senders.begin()->second.example.sent, 1000u);
}

TEST_F(Deferred, AnItemQueuedAgainBelongsToTheLastWhoDidAndToNobodyWhereThatIsLost) {
  as(300);
  make_.work_queued(0, 1000, 0xaa00, kStampWork, 1);  // and cancelled
  as(301);
  make_.work_queued(0, 1050, 0xaa00, kStampWork, 1);
  work_runs(1100, 0xaa00);
  work_runs(2100, 0xaa00);  // no event queued it
  as(300);
  make_.work_queued(0, 2900, 0xaa00, kShepherd, 1);  // memory used for another function
  work_runs(3100, 0xaa00);
  attribute({{1090, 100}, {2090, 100}, {3090, 100}});
  EXPECT_EQ(stories_[0].who.at(1), "other (pid 301) on CPU 0");
  EXPECT_EQ(stories_[1].who.at(1), "");
  EXPECT_EQ(stories_[2].who.at(1), "");
}

TEST_F(Deferred, WorkOfATimerBelongsToWhoArmedTheTimer) {
  as(300);
  make_.jiffy_timer_starts(0, 500, 0xbb00, kDelay);
  timer_runs(0, 1000, 0xbb00, kDelay, 0,
             [&] { make_.work_queued(0, 1010, 0xaa00, kStampWork, 1); });
  work_runs(1100, 0xaa00);
  // The item that was begun before the trace arms its own timer.
  as(45);
  make_.work_begins(0, 1200, kShepherd, 0xcc00);
  make_.jiffy_timer_starts(0, 1210, 0xdd00, kDelay);
  make_.work_queued(0, 1220, 0xaa00, kStampWork, 1);
  make_.work_ends(0, 1230, kShepherd);
  work_runs(1300, 0xaa00);
  timer_runs(0, 2000, 0xdd00, kDelay, 301,
             [&] { make_.work_queued(0, 2010, 0xcc00, kShepherd, 0); });
  as(45);
  make_.work_begins(0, 2100, kShepherd, 0xcc00);
  make_.work_queued(0, 2110, 0xaa00, kStampWork, 1);
  make_.work_ends(0, 2120, kShepherd);
  work_runs(2200, 0xaa00);
  attribute({{1090, 100}, {1290, 100}, {2190, 100}});
  EXPECT_EQ(stories_[0].who.at(1), "a timer of opener (pid 300) on CPU 0");
  EXPECT_EQ(stories_[1].who.at(1),
            "kworker/0:1 (pid 45) on CPU 0 running vmstat_shepherd queued by an unknown task");
  EXPECT_EQ(stories_[2].who.at(1),
            "kworker/0:1 (pid 45) on CPU 0 running vmstat_shepherd queued "
            "by a timer of kworker/0:1 (pid 45) on CPU 0 running "
            "vmstat_shepherd");
}

TEST_F(Deferred, AnIpiOfAWorkerHasAsOriginWhoQueuedItsItem) {
  as(300);
  make_.work_queued(0, 500, 0xaa00, kStampWork, 0);
  as(45);
  make_.work_begins(0, 900, kStampWork, 0xaa00);
  call(1000, kSync, 0xff01, {kJumpLabel});
  as(45, kInHardirq);
  call(1010, kSync, 0xff02, {kJumpLabel});  // an interrupt that comes meanwhile
  as(45);
  make_.work_ends(0, 1050, kStampWork);
  call(1060, kSync, 0xff03, {kJumpLabel});
  run(1100, kSync, 0xff01);
  run(2100, kSync, 0xff02);
  run(3100, kSync, 0xff03);
  attribute({{1090, 100}, {2090, 100}, {3090, 100}});
  EXPECT_EQ(stories_[0].who.at(0),
            "kworker/0:1 (pid 45) on CPU 0 running netstamp_clear queued by "
            "opener (pid 300) on CPU 0");
  EXPECT_EQ(stories_[1].who.at(0), "kworker/0:1 (pid 45) on CPU 0");
  EXPECT_EQ(stories_[2].who.at(0), "kworker/0:1 (pid 45) on CPU 0");
  EXPECT_EQ(tally("do_sync_core").senders.size(), 2u);
}

TEST_F(Deferred, ATimerOfTheSoftirqHasItsTimeAndWhoArmedIt) {
  as(300);
  make_.jiffy_timer_starts(0, 500, 0xbb00, kRetransmit);
  for (const std::uint64_t time : {1000u, 2000u})
    timer_runs(1, time, 0xbb00, kRetransmit, 7,
               [&] { make_.jiffy_timer_starts(1, time + 10, 0xbb00, kRetransmit); });
  timer_runs(1, 3000, 0xbb08, kRetransmit, 7, [] {});  // armed before the trace
  attribute({{990, 100}, {1990, 100}, {2990, 100}});
  EXPECT_THAT(stories_[0].causes,
              ElementsAre("softirq/softirq/TIMER", "timer/timer/tcp_write_timer"));
  EXPECT_EQ(stories_[0].who.at(1), "opener (pid 300) on CPU 0");
  EXPECT_EQ(stories_[1].who.at(1), "opener (pid 300) on CPU 0");  // it armed itself again
  EXPECT_EQ(stories_[2].who.at(1), "");
  EXPECT_EQ(tally("tcp_write_timer").callbacks, 3u);
  EXPECT_EQ(tally("tcp_write_timer").ticks, 30u);
}

TEST_F(Deferred, AnHrtimerArmedOnAnotherCpuIsKnownToo) {
  as(300);
  make_.timer_starts(0, 500, 0xbb00, kSleep);
  as(301, kInHardirq);
  make_.timer_starts(0, 600, 0xbb40, kSleep);
  as(7, kInHardirq);
  for (const auto& [time, timer] :
       {std::pair{1000u, 0xbb00u}, {2000u, 0xbb40u}, {3000u, 0xbb00u}}) {
    make_.tick(1, time);
    make_.timer_expires(1, time + 5, timer, kSleep);
    make_.tick_end(1, time + 20);
  }
  attribute({{990, 100}, {1990, 100}, {2990, 100}});
  EXPECT_EQ(stories_[0].who.at(0), "opener (pid 300) on CPU 0");
  EXPECT_EQ(stories_[1].who.at(0), "an interrupt on CPU 0");
  EXPECT_EQ(stories_[2].who.at(0), "");  // what armed it again is lost
}

TEST_F(Deferred, ASoftirqHasTheInterruptThatRaisedItAndWorkTheOneThatQueuedIt) {
  as(7, kInHardirq);
  make_.handler(1, 1000, 36, "virtio0");
  make_.softirq_raised(1, 1010, kBlockVec);
  make_.work_queued(1, 1012, 0xaa00, kStampWork, 1);
  make_.handler_end(1, 1015, 36);
  as(7, kInSoftirq);
  make_.softirq(1, 1020, kBlockVec);
  make_.work_queued(1, 1025, 0xaa80, kStampWork, 1);
  make_.softirq_end(1, 1030, kBlockVec);
  work_runs(1100, 0xaa00);
  work_runs(1200, 0xaa80);
  attribute({{990, 60}, {1090, 80}, {1190, 80}});
  EXPECT_EQ(stories_[0].causes.at(1), "softirq/softirq/BLOCK");
  EXPECT_EQ(stories_[0].who.at(1), "device virtio0 (irq 36) on CPU 1");
  EXPECT_EQ(stories_[1].who.at(1), "device virtio0 (irq 36) on CPU 1");
  EXPECT_EQ(stories_[2].who.at(1), "softirq BLOCK on CPU 1");
}

TEST_F(Deferred, AnIrqWorkInterruptIsNamedByTheItemThatRaisedIt) {
  make_.send(1, 1000, 1, test::kCallsite, kRaised);
  make_.irq_work(1, 1010);
  make_.irq_work(1, 2010);
  attribute({{990, 100}, {1990, 100}});
  EXPECT_THAT(stories_[0].causes, ElementsAre("irq_work/irq_work/rcu_iw_handler"));
  EXPECT_THAT(stories_[1].causes, ElementsAre("irq_work/irq_work/irq_work"));
}

TEST(PendingItems, KeepTheNewestOfASetInFixedMemory) {
  PendingItems items;
  constexpr std::uint64_t kItems = 100'000;
  for (std::uint64_t i = 1; i <= kItems; ++i) {
    PendingItem item{i * 64, kStampWork, false, {}};
    item.by.sent = i;
    items.add(item);
  }
  EXPECT_EQ(items.find(64, kStampWork), nullptr);
  ASSERT_NE(items.find(kItems * 64, kStampWork), nullptr);
  EXPECT_EQ(items.find(kItems * 64, kShepherd), nullptr);
  EXPECT_EQ(items.find(0, 0), nullptr);
}

}  // namespace
}  // namespace isolab
