// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/measured_cpu.h"

#include <gmock/gmock.h>

#include "tests/unit/analysis/attribution/attribution_fixture.h"

namespace isolab {
namespace {

using test::AttributionTest;
using test::kMembarrier;
using test::kNmi;
using test::kResched;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(AttributionTest, TwoCausesInOneGapStandInOrderAndTheFirstIsTheTrigger) {
  call(1000, kMembarrier, 0xff01);
  run(1100, kMembarrier, 0xff01);
  make_.tick(1, 1150);
  make_.softirq(1, 1160, 1);
  make_.softirq(1, 1170, 1);
  make_.tick_end(1, 1180);
  attribute({{1050, 200}});
  EXPECT_THAT(stories_[0].causes, ElementsAre("task_sync/membarrier/ipi_mb",
                                              "tick/tick/local timer", "softirq/softirq/TIMER"));
  EXPECT_THAT(stories_[0].times, ElementsAre(1u, 1u, 2u));
  EXPECT_EQ(tally("ipi_mb").ticks, 100u);
  EXPECT_EQ(tally("ipi_mb").gaps, 1u);
  EXPECT_EQ(tally("local timer").gaps, 0u);
  EXPECT_EQ(tally("local timer").ticks, 10u);
  EXPECT_EQ(tally("local timer").callbacks, 1u);
  EXPECT_EQ(tally("TIMER").ticks, 90u);
  EXPECT_EQ(tally("TIMER").parts, 1u);
  EXPECT_EQ(cpu().two_causes, 1u);
}

TEST_F(AttributionTest, DevicesSoftirqsNmisWorkAndOtherVectorsHaveNames) {
  make_.handler(1, 1100, 36, "virtio0");
  make_.handler_end(1, 1110, 36);
  make_.nmi(1, 2100, kNmi);
  make_.irq_work(1, 3100);
  make_.thermal(1, 4100);
  make_.softirq(1, 5100, 9);
  attribute({{1050, 100}, {2050, 100}, {3050, 100}, {4050, 100}, {5050, 100}});
  std::vector<std::string> names;
  for (const auto& story : stories_) names.push_back(story.causes.at(0));
  EXPECT_THAT(names, ElementsAre("device/device/virtio0 (irq 36)", "nmi/nmi/perf_event_nmi_handler",
                                 "irq_work/irq_work/irq_work", "vector/vector/thermal_apic",
                                 "softirq/softirq/RCU"));
}

TEST_F(AttributionTest, GapsWithoutEventsAreSilentAndEventsOutsideGapsAreCounted) {
  make_.tick(1, 1100);
  make_.tick(1, 5000);
  attribute({{1050, 100}, {2000, 300}, {7000, 10}});
  EXPECT_THAT(cpu().silent, ElementsAre(1u, 2u));
  EXPECT_EQ(cpu().explained, 1u);
  EXPECT_EQ(cpu().events_outside, 1u);
  EXPECT_EQ(cpu().gap_ticks, 410u);
}

TEST_F(AttributionTest, TheEdgesOfAGapBelongToItAndOnlyTheWindowIsCounted) {
  meta_.begin = 2000;
  make_.tick(1, 1000);
  make_.tick(1, 1100);
  make_.tick(1, 3000);
  attribute({{1000, 100}, {2999, 1}});
  EXPECT_EQ(stories_[0].causes.size(), 2u);
  EXPECT_EQ(stories_[1].causes.size(), 1u);
  EXPECT_EQ(cpu().counted.timer, 1u);
}

TEST_F(AttributionTest, ManyCausesInOneGapAreCountedPastTheList) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    make_.tick(1, 1000 + 10 * i);
    make_.softirq(1, 1005 + 10 * i, 1);
  }
  attribute({{1000, 1000}});
  EXPECT_EQ(stories_[0].causes.size(), GapStory::kMostCauses);
  EXPECT_EQ(stories_[0].more, 40 - GapStory::kMostCauses);
}

TEST_F(AttributionTest, MonoRawTimesGoThroughTheLine) {
  meta_.clock = "mono_raw";
  meta_.line = {"cntvct", 1'000'000, 1'062'500, 5'000'000'000, 5'001'000'000, 0, 0};
  meta_.begin = 5'000'000'000, meta_.end = 5'001'000'000;
  make_.tick(1, 5'000'000'000 + 160'000);  // 16 ns a tick: tick 1'010'000
  attribute({{1'009'999, 3}, {1'010'100, 50}});
  EXPECT_EQ(stories_[0].causes.size(), 1u);
  EXPECT_THAT(stories_[1].causes, IsEmpty());
  EXPECT_EQ(done_->ticks(5'000'000'000 + 160'000), 1'010'000u);
}

TEST_F(AttributionTest, ARescheduleNamesWhomItWakesAndHasAStack) {
  trace_.symbols[0xc100] = "try_to_wake_up+0x10/0x400";
  trace_.symbols[0xc200] = "signal_wake_up_state+0x10/0x40";
  make_.send(0, 1000, 1, kResched, 0);
  make_.stack(0, 1001, {kResched, 0xc100, 0xc200});
  make_.wakeup(0, 1002, "victim", 60, 1);
  make_.reschedule(1, 1010);
  make_.reschedule_end(1, 1015);
  make_.task_switch(1, 1020, "probe", 7, "victim", 60);
  make_.task_switch(1, 1080, "victim", 60, "probe", 7);
  attribute({{1005, 100}});
  EXPECT_THAT(stories_[0].causes,
              ElementsAre("scheduler/resched/reschedule", "other_task/other_task/victim"));
  EXPECT_EQ(stories_[0].woken, "victim");
  const auto& one = tally("reschedule");
  EXPECT_EQ(one.woken.size(), 1u);
  EXPECT_EQ(one.senders.begin()->second.woken.begin()->second, 1u);
  EXPECT_EQ(done_->names().frames(one.senders.begin()->first.stack, 0).size(), 3u);
  EXPECT_EQ(cpu().probe_wakeups, 0u);
}

TEST_F(AttributionTest, ARowsSlackIsWhatIsNearTheEdgesOfThatRow) {
  meta_.clock = "mono_raw";
  meta_.line = {"ns", 0, 0, 1'000'000'000, 1'000'000'000, 0, 0};
  meta_.begin = 0, meta_.end = 1'000'000'000;
  make_.tick(1, 1'000'000);
  make_.reschedule(1, 500'000'000);
  make_.tick(1, 990'000'000);
  attribute({});
  EXPECT_EQ(cpu().near_edges.timer, 2u);
  EXPECT_EQ(cpu().near_edges.reschedule_ipis, 0u);
}

}  // namespace
}  // namespace isolab
