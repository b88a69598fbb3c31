// SPDX-License-Identifier: Apache-2.0
// The generator's loop: the rate is kept without bursts, stop is seen, peers are waited for.
#include "workloads/support/generator.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "tests/support/workload_bench.h"

namespace isolab {
namespace {

using std::chrono::milliseconds;

std::uint64_t now_ns() { return mono_raw_ns(); }

/// Counts its calls and does in each what the test says.
class Counted final : public Generator {
 public:
  Counted(Rate rate, const WorkloadContext& context, std::function<Result<void>(int)> body)
      : Generator(rate, context), body_(std::move(body)) {}
  Result<void> prepare() override { return prepared; }
  void finish() override { ++finished; }
  Result<void> prepared;
  int calls = 0, finished = 0;

 protected:
  Result<void> op() override { return body_(calls++); }

 private:
  std::function<Result<void>(int)> body_;
};

class GeneratorTest : public testing::Test {
 protected:
  MemoryFiles files_;
  WorkloadBench bench_{files_};
};

TEST_F(GeneratorTest, NeverRunsFasterThanItsRate) {
  std::vector<std::uint64_t> times;
  Counted work({200, false}, bench_.context(), [&](int call) -> Result<void> {
    times.push_back(now_ns());
    if (call == 20) bench_.block().request_stop();
    return {};
  });
  ASSERT_TRUE(work.run());
  EXPECT_EQ(bench_.context().counters.get(0), 21U);
  // 20 periods of 5 ms; a late machine makes it longer, never shorter.
  EXPECT_GE(times.back() - times.front(), 95'000'000U);
}

TEST_F(GeneratorTest, NoOperationIsUnderWayWhileItIsHeld) {
  std::atomic<int> begun{0}, ended{0};
  Counted work({0, true}, bench_.context(), [&](int) -> Result<void> {
    ++begun;
    sleep_for(milliseconds(1));
    ++ended;
    return {};
  });
  std::thread worker([&] { EXPECT_TRUE(work.run()); });
  while (ended.load() < 3) sleep_for(milliseconds(1));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(bench_.block().hold(std::chrono::seconds(10)));
    const int before = ended.load();
    EXPECT_EQ(begun.load(), before);
    EXPECT_EQ(bench_.context().counters.get(0), static_cast<std::uint64_t>(before));
    sleep_for(milliseconds(3));
    EXPECT_EQ(begun.load(), before);
    bench_.block().release();
    while (ended.load() == before) sleep_for(milliseconds(1));
  }
  bench_.block().hold(milliseconds(0));
  bench_.block().request_stop();  // a held generator ends too
  worker.join();
}

TEST_F(GeneratorTest, HoldGivesUpOnAnOperationThatDoesNotEnd) {
  std::atomic<bool> begun{false}, go_on{false};
  Counted work({0, true}, bench_.context(), [&](int) -> Result<void> {
    begun = true;
    while (!go_on.load()) sleep_for(milliseconds(1));
    return {};
  });
  std::thread worker([&] { EXPECT_TRUE(work.run()); });
  while (!begun.load()) sleep_for(milliseconds(1));
  EXPECT_FALSE(bench_.block().hold(milliseconds(5)));
  go_on = true;
  EXPECT_TRUE(bench_.block().hold(std::chrono::seconds(10)));
  bench_.block().request_stop();
  worker.join();
}

TEST_F(GeneratorTest, LateOperationIsNotMadeUpForByABurst) {
  std::vector<std::uint64_t> times;
  Counted work({100, false}, bench_.context(), [&](int call) -> Result<void> {
    if (call == 1) sleep_for(milliseconds(100));  // ten periods are lost
    times.push_back(now_ns());
    if (call == 5) bench_.block().request_stop();
    return {};
  });
  ASSERT_TRUE(work.run());
  // The one that was due may follow at once, the next where the schedule is; the last two are two
  // whole periods later.
  EXPECT_GE(times[5] - times[1], 19'000'000U);
}

TEST_F(GeneratorTest, StopIsSeenWhileTheNextOperationIsFarAway) {
  Counted work({0.01, false}, bench_.context(), [](int) -> Result<void> { return {}; });
  std::thread stopper([&] {
    sleep_for(milliseconds(30));
    bench_.block().request_stop();
  });
  ASSERT_TRUE(work.run());
  stopper.join();
  EXPECT_EQ(work.calls, 1);
}

TEST_F(GeneratorTest, UnlimitedRateGoesOnWithoutPauses) {
  Counted work({0, true}, bench_.context(), [&](int call) -> Result<void> {
    if (call == 9999) bench_.block().request_stop();
    return {};
  });
  ASSERT_TRUE(work.run());
  EXPECT_EQ(bench_.context().counters.get(0), 10000U);
}

TEST_F(GeneratorTest, WaitsUntilThePeersListen) {
  std::atomic<std::uint32_t> listening{0};
  std::atomic<std::uint32_t> early{0};
  Counted work({0, true}, bench_.context(&listening), [&](int call) -> Result<void> {
    if (listening.load() == 0) ++early;
    if (call == 100) bench_.block().request_stop();
    return {};
  });
  std::thread probe([&] {
    sleep_for(milliseconds(30));
    listening.store(1);
  });
  ASSERT_TRUE(work.run());
  probe.join();
  EXPECT_EQ(early.load(), 0U);
  EXPECT_EQ(work.calls, 101);
}

TEST_F(GeneratorTest, AnErrorEndsTheRunAndIsNotCounted) {
  Counted work({0, true}, bench_.context(), [](int call) -> Result<void> {
    if (call == 3) return Error{ErrorKind::io, "broken"};
    return {};
  });
  const auto outcome = work.run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().what, "broken");
  EXPECT_EQ(bench_.context().counters.get(0), 3U);
}

TEST_F(GeneratorTest, DryRunFinishesWhateverHappened) {
  Counted work({1, false}, bench_.context(), [](int) -> Result<void> { return {}; });
  EXPECT_TRUE(work.dry_run());
  EXPECT_EQ(work.calls, 1);
  EXPECT_EQ(work.finished, 1);
  work.prepared = Error{ErrorKind::unsupported, "no"};
  EXPECT_FALSE(work.dry_run());
  EXPECT_EQ(work.calls, 1);
  EXPECT_EQ(work.finished, 2);
}

}  // namespace
}  // namespace isolab
