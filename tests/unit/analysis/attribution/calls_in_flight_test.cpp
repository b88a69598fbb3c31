// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/calls_in_flight.h"

#include <gmock/gmock.h>

#include "tests/unit/analysis/attribution/attribution_fixture.h"

namespace isolab {
namespace {

using test::AttributionTest;
using test::kCallsite;
using test::kCpuid;
using test::kMembarrier;
using test::kResched;
using testing::ElementsAre;

TEST_F(AttributionTest, ACallQueuedBeforeTheTraceHasNoSenderButKeepsItsClass) {
  run(1100, kMembarrier, 0xff77);
  attribute({{1050, 100}});
  EXPECT_THAT(stories_[0].causes, ElementsAre("task_sync/membarrier/ipi_mb"));
  EXPECT_THAT(stories_[0].senders, ElementsAre(""));
  EXPECT_EQ(cpu().callbacks, 1u);
  EXPECT_EQ(cpu().callbacks_joined, 0u);
}

TEST_F(AttributionTest, TheLastCallWithThePointerIsTheOneAndTheFunctionMustAgree) {
  call(1000, kMembarrier, 0xff01);
  make_.pid = 101;
  trace_.comms[101] = "second";
  call(1010, kCpuid, 0xff01);
  run(1100, kCpuid, 0xff01);
  run(1200, kMembarrier, 0xff01);  // its entry was taken over: no sender, rather than a wrong one
  attribute({{1050, 100}, {1190, 50}});
  EXPECT_THAT(stories_[0].senders, ElementsAre("second"));
  EXPECT_THAT(stories_[0].causes, ElementsAre("remote_read/cpuid/cpuid_smp_cpuid"));
  EXPECT_THAT(stories_[1].senders, ElementsAre(""));
}

TEST_F(AttributionTest, ARescheduleIsJoinedToTheLastSendWithoutCallback) {
  make_.send(0, 1000, 1, kResched, 0);
  make_.reschedule(1, 1100);
  make_.reschedule(1, 2100);  // nobody sent this one in sight
  attribute({{1050, 100}, {2050, 100}});
  EXPECT_THAT(stories_[0].causes, ElementsAre("scheduler/resched/reschedule"));
  EXPECT_THAT(stories_[0].senders, ElementsAre("generator"));
  EXPECT_THAT(stories_[1].senders, ElementsAre(""));
  EXPECT_EQ(cpu().counted.reschedule_ipis, 2u);
  EXPECT_EQ(cpu().reschedules_joined, 1u);
}

TEST_F(AttributionTest, OneRowForEachCallSiteAndHowManyTasksSentFromIt) {
  for (int i = 0; i < 6; ++i) {
    make_.pid = 200 + i / 2;
    trace_.comms[make_.pid] = "hackbench";
    make_.send(0, 1000 + 100u * static_cast<unsigned>(i), 1, i == 5 ? kCallsite : kResched, 0);
  }
  attribute({});
  const auto& senders = tally("reschedule").senders;
  ASSERT_EQ(senders.size(), 2u);
  for (const auto& [key, group] : senders) {
    EXPECT_EQ(group.count, key.callsite == kResched ? 5u : 1u);
    EXPECT_EQ(group.pids.size(), key.callsite == kResched ? 3u : 1u);
  }
}

TEST_F(AttributionTest, TasksAreNamedAsTheyWereThen) {
  make_.rename(0, 900, 100, "before");
  call(1000, kMembarrier, 0xff01);
  make_.rename(0, 1090, 100, "later");
  run(1100, kMembarrier, 0xff01);
  attribute({{1050, 100}});
  EXPECT_THAT(stories_[0].senders, ElementsAre("before"));
}

TEST(PendingCalls, ForgetsTheOldestWhenFullAndCountsIt) {
  PendingCalls calls;
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    PendingCall call{i * 64, 1, 1, kNoCause, {}};
    call.sender.sent = i;
    calls.add(call);
  }
  EXPECT_GT(calls.forgotten(), 10'000u);
  EXPECT_NE(calls.find(20'000 * 64, 1, 1), nullptr);
  EXPECT_EQ(calls.find(64, 1, 1), nullptr);
  EXPECT_EQ(calls.find(20'000 * 64, 2, 1), nullptr);
  EXPECT_EQ(calls.find(20'000 * 64, 1, 2), nullptr);
}

}  // namespace
}  // namespace isolab
