// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/function_ipi.h"

#include <gmock/gmock.h>

#include "tests/unit/analysis/attribution/attribution_fixture.h"

namespace isolab {
namespace {

using test::AttributionTest;
using test::kCallsite;
using test::kFlush;
using test::kGeneric;
using test::kJumpLabel;
using test::kKick;
using test::kMembarrier;
using test::kResched;
using test::kSecretmem;
using test::kStrange;
using test::kSync;
using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(AttributionTest, RemoteCallIsJoinedToItsSenderAndThreePartsOfTheGapAreToldApart) {
  call(1000, kSync, 0xff01, {kCallsite, kJumpLabel});
  run(1100, kSync, 0xff01);
  attribute({{1050, 100}});
  ASSERT_EQ(stories_.size(), 1u);
  EXPECT_THAT(stories_[0].causes, ElementsAre("text_patch/jump_label/do_sync_core"));
  EXPECT_THAT(stories_[0].senders, ElementsAre("generator"));
  EXPECT_EQ(stories_[0].before, 50u);
  EXPECT_EQ(stories_[0].traced, 20u);
  EXPECT_EQ(stories_[0].after, 30u);
  EXPECT_EQ(cpu().calls_queued, 1u);
  EXPECT_EQ(cpu().ipis_sent, 1u);
  EXPECT_EQ(cpu().counted.function_ipis, 1u);
  EXPECT_EQ(cpu().callbacks, 1u);
  EXPECT_EQ(cpu().callbacks_joined, 1u);
  const auto& one = tally("do_sync_core");
  EXPECT_EQ(one.sends, 1u);
  EXPECT_EQ(one.gaps, 1u);
  EXPECT_EQ(one.ticks, 100u);
  EXPECT_EQ(one.senders.size(), 1u);
}

TEST_F(AttributionTest, CallsThatShareAnIpiAreOneIpiAndTwoCallbacks) {
  make_.queue(0, 1000, 1, kCallsite, kSync, 0xff01);
  make_.stack(0, 1001, {kCallsite});
  make_.send(0, 1002, 1, kCallsite, kGeneric);
  make_.queue(0, 1003, 1, kCallsite, kFlush, 0xff02);
  make_.stack(0, 1004, {kSecretmem});
  make_.call_ipi(1, 1100);
  make_.callback(1, 1105, kSync, 0xff01);
  make_.callback(1, 1125, kFlush, 0xff02);
  make_.call_ipi_end(1, 1140);
  attribute({{1050, 100}});
  EXPECT_THAT(stories_[0].causes,
              ElementsAre("text_patch/any/do_sync_core", "kernel_tlb/range/do_kernel_range_flush"));
  EXPECT_THAT(stories_[0].same_ipi, ElementsAre(false, true));
  EXPECT_EQ(cpu().calls_queued, 2u);
  EXPECT_EQ(cpu().ipis_sent, 1u);
  EXPECT_EQ(cpu().counted.function_ipis, 1u);
  EXPECT_EQ(cpu().callbacks, 2u);
  EXPECT_EQ(tally("do_sync_core").ipis, 1u);
  EXPECT_EQ(tally("do_kernel_range_flush").ipis, 0u);
}

TEST_F(AttributionTest, ACallWithoutCsdPointerIsLocalAndNoInterruption) {
  make_.callback(1, 1100, kSync, 0);
  attribute({{1050, 100}});
  EXPECT_EQ(cpu().local_calls, 1u);
  EXPECT_EQ(cpu().callbacks, 0u);
  EXPECT_EQ(cpu().counted.function_ipis, 0u);
  EXPECT_THAT(stories_[0].causes, IsEmpty());
  EXPECT_EQ(tally("kernel activity without an entry event").gaps, 1u);
}

TEST_F(AttributionTest, AnUnknownCallbackIsListedByItsName) {
  call(1000, kStrange, 0xff01);
  run(1100, kStrange, 0xff01);
  call(2000, 0x123450, 0xff01);
  run(2100, 0x123450, 0xff01);
  attribute({{1050, 100}, {2050, 100}});
  EXPECT_THAT(stories_[0].causes, ElementsAre("unknown/unknown/vendor_thing"));
  EXPECT_THAT(stories_[1].causes, ElementsAre("unknown/unknown/0x123450"));
}

TEST_F(AttributionTest, AnIpiWithoutFunctionIsTheIrqWorkQueuedForThisCpu) {
  call(1000, kKick, 0xff01);
  make_.call_ipi(1, 1100);
  make_.call_ipi_end(1, 1120);
  make_.call_ipi(1, 2100);
  make_.call_ipi_end(1, 2120);
  attribute({{1050, 100}, {2050, 100}});
  EXPECT_THAT(stories_[0].causes, ElementsAre("timer_kick/nohz_full_kick/nohz_full_kick_func"));
  EXPECT_THAT(stories_[0].senders, ElementsAre("generator"));
  EXPECT_THAT(stories_[1].causes, ElementsAre("unknown/unknown/IPI without a function"));
  EXPECT_EQ(cpu().counted.function_ipis, 2u);
}

TEST_F(AttributionTest, WithoutFunctionEventsTheOrderJoins) {
  trace_.formats = test::made_formats({"csd:csd_function_entry", "csd:csd_function_exit"});
  call(1000, kSync, 0xff01);
  make_.call_ipi(1, 1100);
  make_.call_ipi_end(1, 1120);
  attribute({{1050, 100}});
  EXPECT_THAT(stories_[0].causes, ElementsAre("text_patch/any/do_sync_core"));
  EXPECT_THAT(stories_[0].senders, ElementsAre("generator"));
}

TEST_F(AttributionTest, ArmInterruptNumbersAreLearntFromTheFirstFunction) {
  trace_.formats = test::made_formats(
      {"irq_vectors:call_function_single_entry", "irq_vectors:call_function_single_exit",
       "irq_vectors:reschedule_entry", "irq_vectors:local_timer_entry"});
  call(1000, kMembarrier, 0xff01);
  make_.handler(1, 1100, 3, "IPI");
  make_.callback(1, 1105, kMembarrier, 0xff01);
  make_.handler_end(1, 1120, 3);
  make_.handler(1, 2100, 13, "arch_timer");
  make_.handler_end(1, 2110, 13);
  make_.send(0, 3000, 1, kResched, 0);
  make_.handler(1, 3100, 2, "IPI");
  make_.handler_end(1, 3120, 2);
  make_.handler(1, 4100, 7, "IPI");
  attribute({{1050, 100}, {2050, 100}, {3050, 100}, {4050, 100}});
  std::vector<std::string> names;
  for (const auto& story : stories_) names.push_back(story.causes.at(0));
  EXPECT_THAT(names, ElementsAre("task_sync/membarrier/ipi_mb", "tick/tick/local timer",
                                 "scheduler/resched/reschedule", "irq_work/irq_work/irq_work"));
  EXPECT_EQ(cpu().counted.function_ipis, 1u);
  EXPECT_EQ(cpu().counted.timer, 1u);
}

}  // namespace
}  // namespace isolab
