// SPDX-License-Identifier: Apache-2.0
// Every rule of attribution on hand-made event streams that go through real pages and the real
// reader. CPU 1 is measured, CPU 0 sends. Times are ticks.
#include "analysis/attribution/attribution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/attribution/interruptions.h"
#include "analysis/attribution/noise_budget.h"
#include "analysis/attribution/silent_gaps.h"
#include "tests/support/trace_builder.h"

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kSync = 0x1000, kFlush = 0x2000, kMembarrier = 0x3000, kWakeup = 0x4000,
                        kStrange = 0x5000, kCpuid = 0x6000, kKick = 0x7000, kNmi = 0x8000,
                        kGeneric = 0x9000;
constexpr std::uint64_t kJumpLabel = 0xa000, kSecretmem = 0xb000, kResched = 0xc000,
                        kCallsite = 0xd000;

struct Story {
  std::vector<std::string> causes;
  std::vector<std::string> senders;
  std::uint64_t before = 0, traced = 0, after = 0, away = 0, late = 0, more = 0;
  std::vector<std::pair<std::string, std::uint64_t>> parts;
  std::string trigger, main, woken;
  std::vector<std::uint32_t> times;
  std::vector<bool> same_ipi;
};

class AttributionTest : public testing::Test {
 protected:
  AttributionTest() {
    trace_.symbols = {{kSync, "do_sync_core+0x0/0x10"},
                      {kFlush, "do_kernel_range_flush+0x0/0x40"},
                      {kMembarrier, "ipi_mb+0x0/0x10"},
                      {kWakeup, "sched_ttwu_pending+0x0/0x100"},
                      {kStrange, "vendor_thing+0x0/0x10"},
                      {kCpuid, "cpuid_smp_cpuid+0x0/0x50"},
                      {kKick, "nohz_full_kick_func+0x0/0x10"},
                      {kNmi, "perf_event_nmi_handler+0x0/0x50"},
                      {kGeneric, "generic_smp_call_function_single_interrupt+0x0/0x20"},
                      {kJumpLabel, "arch_jump_label_transform_apply+0x20/0x40"},
                      {kSecretmem, "secretmem_fault+0x123/0x300"},
                      {kResched, "wakeup_preempt+0x60/0xb0"},
                      {kCallsite, "on_each_cpu_cond_mask+0x20/0x40"}};
    trace_.comms = {{100, "generator"}, {7, "probe"}};
    meta_.level = "A";
    meta_.clock = "x86-tsc";
    meta_.begin = 0;
    meta_.end = 1'000'000;
    trace_.formats = test::made_formats();
  }

  /// A call queued on CPU 0 for CPU 1 with a stack, and its IPI.
  void call(std::uint64_t sent, std::uint64_t func, std::uint64_t csd,
            const std::vector<std::uint64_t>& frames = {kCallsite}) {
    make_.queue(0, sent, 1, kCallsite, func, csd);
    make_.stack(0, sent + 1, frames);
    make_.send(0, sent + 2, 1, kCallsite, kGeneric);
  }
  /// It arrives and runs on CPU 1.
  void run(std::uint64_t time, std::uint64_t func, std::uint64_t csd) {
    make_.call_ipi(1, time);
    make_.callback(1, time + 5, func, csd);
    make_.call_ipi_end(1, time + 20);
  }

  Attribution& attribute(std::vector<Gap> gaps) {
    gaps_ = std::move(gaps);
    auto rules = Classifier::create(builtin_class_rules(), "x86_64", "6.18.0");
    EXPECT_TRUE(rules);
    rules_.emplace(*std::move(rules));
    const std::uint64_t end = has_gaps_ ? 1'000'000 : 0;
    done_.emplace(trace_, meta_, *rules_,
                  std::vector<CpuGaps>{{1, 0, end, microsecond_, gaps_, probe_}});
    done_->on_gap([this](const GapStory& story) { keep(story); });
    pages_ = make_.take();
    std::vector<CpuReader> readers;
    for (const auto& [cpu, bytes] : pages_) readers.emplace_back(bytes, cpu, trace_.formats.layout);
    for (const auto& summary :
         merge_cpus(std::move(readers), [&](const TraceEvent& event) { done_->add(event); }))
      EXPECT_EQ(summary.faulty_pages, 0u);
    done_->finish();
    return *done_;
  }
  void keep(const GapStory& story) {
    Story out;
    for (const auto& cause : story.causes) {
      const auto& name = done_->names()[cause.id];
      out.causes.push_back(name.klass + "/" + name.subclass + "/" + name.what);
      out.senders.push_back(cause.sender.known() ? done_->comms().name(cause.sender.comm) : "");
      out.times.push_back(cause.times);
      out.same_ipi.push_back(cause.same_ipi);
    }
    out.before = story.before(), out.traced = story.traced(), out.after = story.after();
    out.away = story.away, out.more = story.more_causes, out.late = story.late;
    std::uint64_t sum = 0;
    for (const auto& slice : story.slices) {
      out.parts.emplace_back(done_->names()[slice.id].what, slice.length);
      sum += slice.length;
    }
    EXPECT_EQ(story.events == 0, story.main == kNoCause && story.trigger == kNoCause);
    if (story.events != 0) {
      EXPECT_EQ(sum, story.gap.length);
      out.trigger = done_->names()[story.trigger].what, out.main = done_->names()[story.main].what;
    }
    for (const auto& cause : story.causes)
      if (cause.woken_pid >= 0) out.woken = done_->comms().name(cause.woken);
    stories_.push_back(std::move(out));
  }
  const CpuAttribution& cpu() const { return done_->cpus().front(); }
  const CauseTally& tally(const std::string& what) const {
    static const CauseTally none;
    for (CauseId id = 0; id < cpu().causes.size() && id < done_->names().size(); ++id)
      if (done_->names()[id].what == what) return cpu().causes[id];
    ADD_FAILURE() << "no cause " << what;
    return none;
  }

  TraceDirectory trace_;
  TraceMeta meta_;
  test::TraceBuilder make_;
  std::vector<Gap> gaps_;
  std::string probe_;  // name of its thread
  std::uint64_t microsecond_ = 1000;
  bool has_gaps_ = true;  // it is a gap probe
  std::map<int, std::vector<std::byte>> pages_;
  std::optional<Classifier> rules_;
  std::optional<Attribution> done_;
  std::vector<Story> stories_;
};

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

TEST_F(AttributionTest, TasksAreNamedAsTheyWereThen) {
  make_.rename(0, 900, 100, "before");
  call(1000, kMembarrier, 0xff01);
  make_.rename(0, 1090, 100, "later");
  run(1100, kMembarrier, 0xff01);
  attribute({{1050, 100}});
  EXPECT_THAT(stories_[0].senders, ElementsAre("before"));
}

TEST_F(AttributionTest, TheNoiseBudgetSumsToTheWallTimeExactly) {
  call(1000, kSync, 0xff01);
  run(1100, kSync, 0xff01);
  make_.tick(1, 2100);
  make_.task_switch(1, 2150, "probe", 7, "cc1", 44);
  make_.task_switch(1, 2450, "cc1", 44, "probe", 7);
  attribute({{1050, 101}, {2050, 503}, {5000, 77}, {6000, 13}});
  ProbeCpu probe;
  probe.cpu = 1;
  probe.end = 1'000'003;
  const SilentTime silent{1, 77, 1, 13};
  const auto budget = make_noise_budget(cpu(), done_->names(), probe, silent, {});
  EXPECT_EQ(budget.wall, 1'000'003u);
  EXPECT_EQ(budget.sum(), budget.wall);
  const auto ticks = [&](const char* part) { return budget.find(part)->ticks; };
  EXPECT_EQ(ticks("text_patch"), 101u);
  EXPECT_EQ(ticks("other_task"), 403u);
  EXPECT_EQ(ticks("tick"), 100u);
  EXPECT_EQ(ticks("outside_kernel"), 77u);
  EXPECT_EQ(ticks("unexplained"), 13u);
  EXPECT_EQ(ticks("useful"), 1'000'003u - 101 - 503 - 77 - 13);
  auto twice = budget;
  twice.add(budget);
  EXPECT_EQ(twice.sum(), 2 * budget.wall);

  // Gaps the log had no room for: at least as long as the histogram's buckets begin.
  probe.threshold = 10;
  probe.histogram.add(694);
  probe.histogram.add(2000);
  probe.gaps_dropped = 1;
  const auto cut = make_noise_budget(cpu(), done_->names(), probe, silent, {});
  EXPECT_EQ(cut.sum(), cut.wall);
  EXPECT_GT(cut.find("not_logged")->ticks, 1900u);
  EXPECT_LE(cut.find("not_logged")->ticks, 2000u);
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

TEST_F(AttributionTest, TimeBeforeTheSendIsLateDeliveryAndNotTheIpis) {
  call(6000, kSync, 0xff01, {kCallsite, kJumpLabel});
  run(6300, kSync, 0xff01);
  attribute({{1000, 5400}});
  EXPECT_EQ(stories_[0].late, 5000u);
  EXPECT_EQ(tally("do_sync_core").ticks, 400u);
  EXPECT_EQ(tally("do_sync_core").gaps, 0u);  // it came into a gap that was there
  EXPECT_EQ(cpu().explained, 0u);
  EXPECT_EQ(cpu().explained_ticks, 400u);
  ASSERT_EQ(cpu().late.size(), 1u);
  EXPECT_TRUE(cpu().late[0].triggered);
}

TEST_F(AttributionTest, ATickFarBeyondItsUsualDeliveryIsLate) {
  microsecond_ = 1;
  std::vector<Gap> gaps;
  const auto tick = [&](std::uint64_t start, std::uint64_t before) {
    make_.tick(1, start + before);
    make_.tick_end(1, start + before + 20);
    gaps.push_back({start, before + 24});
  };
  tick(1'000, 5'250);  // the first: the usual is learnt from all of them
  for (std::uint64_t i = 1; i < 100; ++i) tick(9'000 * i, 8 + i % 5);
  attribute(gaps);
  EXPECT_EQ(stories_[0].late, 5'250u - 10);
  EXPECT_EQ(stories_[0].main, "before an interrupt");
  for (std::size_t i = 1; i < stories_.size(); ++i) EXPECT_EQ(stories_[i].late, 0u) << i;
  EXPECT_EQ(tally("local timer").gaps, 99u);
}

// From gap 64 on, when the usual delivery is known, one story object served all gaps: a silent one
// had the class of the gap before it in the chart of gaps.
TEST_F(AttributionTest, ASilentGapHasNothingOfTheGapBeforeIt) {
  std::vector<Gap> gaps;
  for (std::uint64_t i = 1; i < 200; ++i) {
    make_.tick(1, 1000 * i + 10);
    make_.tick_end(1, 1000 * i + 30);
    gaps.push_back({1000 * i, 50});
    gaps.push_back({1000 * i + 500, 50});
  }
  attribute(gaps);
  ASSERT_EQ(stories_.size(), gaps.size());
  EXPECT_EQ(cpu().silent.size(), gaps.size() / 2);
  EXPECT_EQ(cpu().explained, gaps.size() / 2);
}

TEST_F(AttributionTest, ATimerIsNamedByItsFunctionAndByWhoArmedIt) {
  microsecond_ = 1;
  constexpr std::uint64_t kTickFunction = 0xe000, kSampler = 0xe100;
  trace_.symbols[kTickFunction] = "tick_nohz_handler+0x0/0x100";
  trace_.symbols[kSampler] = "perf_swevent_hrtimer+0x0/0x100";
  call(900, kStrange, 0xff01);
  make_.call_ipi(1, 1010);
  make_.callback(1, 1015, kStrange, 0xff01);
  make_.timer_starts(1, 1030, 0xaa00, kSampler);  // armed by the remote call
  make_.call_ipi_end(1, 1040);
  make_.pid = 7;
  for (std::uint64_t i = 0; i < 3; ++i) {
    make_.tick(1, 2010 + 1000 * i);
    make_.timer_expires(1, 2012 + 1000 * i, 0xaa00, kSampler);
    make_.timer_starts(1, 2015 + 1000 * i, 0xaa00, kSampler);  // again, by itself
    if (i == 2) make_.timer_expires(1, 4020, 0xbb00, kTickFunction);
    make_.tick_end(1, 2030 + 1000 * i);
  }
  make_.tick(1, 6010);
  make_.timer_expires(1, 6012, 0xbb00, kTickFunction);
  make_.tick_end(1, 6020);
  attribute({{1000, 50}, {2000, 40}, {3000, 40}, {4000, 40}, {6000, 30}});
  EXPECT_EQ(tally("perf_swevent_hrtimer").callbacks, 3u);
  EXPECT_EQ(tally("local timer").callbacks, 2u);
  EXPECT_EQ(cpu().counted.timer, 4u);  // interrupts
  EXPECT_EQ(tally("perf_swevent_hrtimer").ticks, 40u + 40 + 20);
  ASSERT_EQ(tally("perf_swevent_hrtimer").senders.size(), 1u);
  const auto& armed = tally("perf_swevent_hrtimer").senders.begin()->second;
  EXPECT_EQ(armed.count, 3u);
  EXPECT_EQ(armed.example.pid, 100);
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

TEST(Interruptions, StacksBeginWhereTheySaySomething) {
  const std::vector<std::string> stack{"trace_event_raw_event_csd_queue_cpu+0x1/0x2",
                                       "smp_call_function_many_cond+0x1/0x2",
                                       "on_each_cpu_cond_mask+0x1/0x2",
                                       "flush_tlb_kernel_range+0x1/0x2",
                                       "secretmem_fault+0x1/0x2",
                                       "asm_exc_page_fault+0x1/0x2"};
  EXPECT_THAT(informative(stack, 4), ElementsAre("flush_tlb_kernel_range", "secretmem_fault"));
  EXPECT_THAT(informative(stack, 1), ElementsAre("flush_tlb_kernel_range"));
  EXPECT_THAT(informative({"generic_exec_single+0x1/0x2"}, 4), ElementsAre("generic_exec_single"));
  // Level C, seen on 6.1: the kprobe's own way stands before the sender's.
  EXPECT_THAT(informative({"kprobe_trace_func+0x1/0x2", "kprobe_dispatcher+0x1/0x2",
                           "kprobe_ftrace_handler+0x1/0x2", "ftrace_trampoline+0x1/0x2",
                           "smp_call_function_many_cond+0x1/0x2", "on_each_cpu_cond_mask+0x1/0x2",
                           "text_poke_bp_batch+0x1/0x2"},
                          4),
              ElementsAre("text_poke_bp_batch"));
  EXPECT_THAT(informative({}, 4), IsEmpty());
}

TEST(PendingCalls, ForgetsTheOldestWhenFullAndCountsIt) {
  PendingCalls calls;
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    auto& one = calls.add(i * 64, 1, 1);
    one.sender.sent = i;
  }
  EXPECT_GT(calls.forgotten(), 10'000u);
  EXPECT_NE(calls.find(20'000 * 64, 1, 1), nullptr);
  EXPECT_EQ(calls.find(64, 1, 1), nullptr);
  EXPECT_EQ(calls.find(20'000 * 64, 2, 1), nullptr);
  EXPECT_EQ(calls.find(20'000 * 64, 1, 2), nullptr);
}

}  // namespace
}  // namespace isolab
