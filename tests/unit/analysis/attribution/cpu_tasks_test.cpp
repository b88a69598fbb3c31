// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/cpu_tasks.h"

#include <gmock/gmock.h>

#include "tests/unit/analysis/attribution/attribution_fixture.h"

namespace isolab {
namespace {

using test::AttributionTest;
using test::kMembarrier;
using test::kResched;
using test::kSync;
using test::kWakeup;
using testing::ElementsAre;

TEST_F(AttributionTest, AWakeupAndTheTaskItBrings) {
  call(1000, kWakeup, 0xff01);
  run(1100, kWakeup, 0xff01);
  make_.task_switch(1, 1150, "probe", 7, "kworker/1:2", 44);
  make_.page_fault(1, 1200);
  make_.task_switch(1, 1450, "kworker/1:2", 44, "probe", 7);
  attribute({{1050, 500}});
  EXPECT_THAT(stories_[0].causes,
              ElementsAre("scheduler/ttwu/sched_ttwu_pending", "other_task/other_task/kworker/1"));
  EXPECT_EQ(stories_[0].away, 400u);
  EXPECT_EQ(tally("sched_ttwu_pending").ticks, 100u);
  EXPECT_EQ(tally("kworker/1").ticks, 400u);  // with the way back from it
}

TEST_F(AttributionTest, TheWayBackFromAnotherTaskMayBeLost) {
  make_.task_switch(1, 1150, "probe", 7, "cc1", 44);
  attribute({{1050, 500}});
  EXPECT_EQ(stories_[0].away, 500u);
  EXPECT_EQ(tally("cc1").ticks, 500u);
}

TEST_F(AttributionTest, TasksThatFollowEachOtherHaveTheTimeThatEachRan) {
  make_.tick(1, 1010);
  make_.tick_end(1, 1020);
  make_.task_switch(1, 1030, "probe", 7, "opener", 50, 0, 49);
  make_.task_switch(1, 1080, "opener", 50, "heavy", 51, 0, 59);
  make_.task_switch(1, 5080, "heavy", 51, "opener", 50, 0, 49);
  make_.task_switch(1, 5100, "opener", 50, "probe", 7);
  attribute({{1000, 4110}});
  EXPECT_EQ(tally("opener").ticks, 50u + 20 + 10);
  EXPECT_EQ(tally("heavy").ticks, 4000u);
  EXPECT_EQ(tally("local timer").ticks, 30u);
  EXPECT_EQ(tally("opener").callbacks, 2u);
  EXPECT_EQ(tally("heavy").prio_least, 59);
  EXPECT_EQ(stories_[0].trigger, "local timer");
  EXPECT_EQ(stories_[0].main, "heavy");
}

TEST_F(AttributionTest, AStoppedProbeIsNotATaskThatRan) {
  make_.task_switch(1, 1100, "probe", 7, "swapper/1", 0, 4);
  make_.task_switch(1, 3000, "swapper/1", 0, "kworker/1:1", 44, 0);
  make_.task_switch(1, 3100, "kworker/1:1", 44, "probe", 7);
  attribute({{1050, 2100}});
  EXPECT_EQ(tally("probe stopped by a signal").ticks, 2000u + 100);
  EXPECT_EQ(tally("kworker/1").ticks, 0u);
  EXPECT_EQ(tally("kworker/1").callbacks, 1u);
}

TEST_F(AttributionTest, FromItsWakeupOnAStoppedProbeWaitsForTheTaskThatRuns) {
  make_.task_switch(1, 1100, "probe", 7, "batch", 44, 4);
  make_.wakeup(0, 2000, "probe", 7, 1);
  make_.task_switch(1, 3100, "batch", 44, "probe", 7);
  attribute({{1050, 2050}});
  EXPECT_EQ(tally("probe stopped by a signal").ticks, 950u);
  EXPECT_EQ(tally("batch").ticks, 1100u);
}

TEST_F(AttributionTest, AWindowMayBeginWhileAnotherTaskRuns) {
  probe_ = "probe";
  make_.tick(1, 1050);
  make_.tick_end(1, 1060);
  make_.task_switch(1, 1300, "batch", 44, "probe", 7);
  make_.task_switch(1, 2300, "probe", 7, "batch", 44);
  make_.task_switch(1, 2400, "batch", 44, "probe", 7);
  attribute({{1000, 310}, {2290, 120}});
  EXPECT_EQ(tally("batch").ticks, 300u + 120);
  EXPECT_EQ(tally("local timer").ticks, 10u);
}

TEST_F(AttributionTest, AProbeThatSleepsIsNotItsOwnInterrupter) {
  probe_ = "probe", has_gaps_ = false;
  make_.send(0, 1000, 1, kResched, 0);
  make_.reschedule(1, 1010);
  make_.task_switch(1, 1020, "swapper/1", 0, "probe", 7);
  make_.task_switch(1, 1100, "probe", 7, "swapper/1", 0, 1);
  make_.task_switch(1, 1200, "swapper/1", 0, "other", 44);
  attribute({});
  EXPECT_EQ(cpu().counted.reschedule_ipis, 1u);
  EXPECT_EQ(cpu().probe_wakeups, 1u);
  EXPECT_EQ(tally("other").callbacks, 1u);
  for (CauseId id = 0; id < cpu().causes.size() && id < done_->names().size(); ++id)
    EXPECT_TRUE(done_->names()[id].what != "probe" || cpu().causes[id].callbacks == 0);
}

TEST_F(AttributionTest, AWorkItemHasTheTimeOfItsWorker) {
  trace_.symbols[0xe200] = "vmstat_update+0x0/0x40";
  make_.task_switch(1, 1010, "probe", 7, "kworker/1:2", 44);
  make_.pid = 44;
  make_.work_begins(1, 1020, 0xe200);
  make_.work_ends(1, 1090, 0xe200);
  make_.task_switch(1, 1095, "kworker/1:2", 44, "probe", 7);
  attribute({{1000, 100}});
  EXPECT_EQ(tally("kworker/1 vmstat_update").ticks, 70u);
  EXPECT_EQ(tally("kworker/1").ticks, 30u);
}

TEST_F(AttributionTest, ALongNameOfProcIsTheSameTaskAsItsCutOne) {
  trace_.comms[17] = "rcu_exp_gp_kthread_worker";
  trace_.comms[18] = "kworker/1:1-events";
  make_.pid = 17;
  make_.task_switch(0, 900, "rcu_exp_gp_kthr", 17, "kworker/1:1", 18);
  call(1000, kMembarrier, 0xff01);
  make_.pid = 18;
  call(1010, kSync, 0xff02);
  attribute({});
  EXPECT_EQ(done_->comms().name(done_->comms().of(17)), "rcu_exp_gp_kthread_worker");
  EXPECT_EQ(done_->comms().name(done_->comms().of(18)), "kworker/1:1");
}

}  // namespace
}  // namespace isolab
