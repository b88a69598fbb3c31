// SPDX-License-Identifier: Apache-2.0
// The hot loop on a scripted counter: every injected length must come out exactly.
#include <gmock/gmock.h>

#include <memory>
#include <vector>

#include "probes/busy_loop/loop.h"

namespace isolab {
namespace {

using ::testing::ElementsAre;

RawCycles raw(std::uint64_t ticks) {
#if defined(__x86_64__)
  return {static_cast<std::uint32_t>(ticks), static_cast<std::uint32_t>(ticks >> 32)};
#else
  return {ticks};
#endif
}

/// Readings that are `start` and then each length further.
struct ScriptedCounter {
  static inline std::vector<std::uint64_t> lengths;
  static inline std::uint64_t now = 0;
  static inline std::size_t next = 0;
  static void script(std::uint64_t start, std::vector<std::uint64_t> steps) {
    now = start;
    lengths = std::move(steps);
    next = 0;
  }
  static RawCycles read() {
    const RawCycles reading = raw(now);
    if (next < lengths.size()) now += lengths[next++];
    return reading;
  }
};

struct Loop {
  std::unique_ptr<Histogram> histogram = std::make_unique<Histogram>();
  std::vector<Gap> memory = std::vector<Gap>(16);
  GapLog log;
  LoopTotals totals;

  explicit Loop(std::vector<std::uint64_t> lengths, std::size_t capacity = 16,
                std::uint64_t start = 1000) {
    log.entries = memory.data();
    log.capacity = capacity;
    ScriptedCounter::script(start, lengths);
    totals = listen<ScriptedCounter>(ScriptedCounter::read().value(),
                                     {.floor = 40, .floor_limit = 80, .threshold = 2300},
                                     *histogram, log, CountStop{lengths.size() - 2});
  }
  std::vector<Gap> gaps() const {
    return {memory.begin(), memory.begin() + static_cast<long>(log.size)};
  }
  std::uint64_t count(std::uint64_t ticks) const {
    return histogram->count_at(Histogram::bucket_of(ticks));
  }
};

TEST(BusyLoop, CountsTheFloorInOneBucket) {
  const Loop loop({40, 41, 80, 39});
  EXPECT_EQ(loop.totals.iterations, 4u);
  EXPECT_EQ(loop.totals.over_floor, 0u);
  EXPECT_EQ(loop.count(40), 4u);
  EXPECT_EQ(loop.histogram->total(), 4u);
  EXPECT_EQ(loop.totals.sum, 200u);
  EXPECT_EQ(loop.totals.end - loop.totals.start, 200u);
}

TEST(BusyLoop, FindsEachGapWithItsStartAndLength) {
  const Loop loop({40, 5000, 40, 81, 40, 230'000'000'000, 40});
  EXPECT_EQ(loop.totals.iterations, 7u);
  EXPECT_EQ(loop.totals.over_floor, 3u);
  EXPECT_THAT(loop.gaps(),
              ElementsAre(Gap{1040, 5000}, Gap{1000 + 40 + 5000 + 40 + 81 + 40, 230'000'000'000}));
  EXPECT_EQ(loop.count(81), 1u);
  EXPECT_EQ(loop.count(5000), 1u);
  EXPECT_EQ(loop.count(230'000'000'000), 1u);
  EXPECT_EQ(loop.totals.longest, 230'000'000'000u);
  EXPECT_EQ(loop.histogram->total(), loop.totals.iterations);
  EXPECT_EQ(loop.totals.sum, loop.totals.end - loop.totals.start);
}

TEST(BusyLoop, JudgesTheFirstAndTheLastRound) {
  const Loop first({5000, 40});
  EXPECT_THAT(first.gaps(), ElementsAre(Gap{1000, 5000}));
  const Loop last({40, 5000});
  EXPECT_THAT(last.gaps(), ElementsAre(Gap{1040, 5000}));
  const Loop both({5000, 6000});
  EXPECT_THAT(both.gaps(), ElementsAre(Gap{1000, 5000}, Gap{6000, 6000}));
  EXPECT_EQ(both.totals.iterations, 2u);
}

TEST(BusyLoop, TheThresholdItselfIsNotOverTheThreshold) {
  EXPECT_TRUE(Loop({2300, 40}).gaps().empty());
  EXPECT_EQ(Loop({2301, 40}).gaps().size(), 1u);
}

TEST(BusyLoop, AFullLogCountsDropsAndKeepsTheHistogramWhole) {
  const Loop loop({3000, 3001, 3002, 3003}, 2);
  EXPECT_THAT(loop.gaps(), ElementsAre(Gap{1000, 3000}, Gap{4000, 3001}));
  EXPECT_EQ(loop.log.dropped, 2u);
  EXPECT_EQ(loop.histogram->total(), 4u);
}

TEST(BusyLoop, ACounterThatGoesBackIsCountedNotLogged) {
  const Loop loop({40, ~std::uint64_t{0} - 99, 40});  // 100 ticks back
  EXPECT_EQ(loop.totals.backward, 1u);
  EXPECT_TRUE(loop.gaps().empty());
  EXPECT_EQ(loop.count(0), 1u);
  EXPECT_EQ(loop.histogram->total(), 3u);
  EXPECT_EQ(loop.totals.sum, loop.totals.end - loop.totals.start);
}

TEST(BusyLoop, CrossesThe32BitEdgeOfTheCounter) {
  const Loop loop({40, 40, 3000, 40}, 16, (std::uint64_t{1} << 32) - 60);
  EXPECT_THAT(loop.gaps(), ElementsAre(Gap{(std::uint64_t{1} << 32) + 20, 3000}));
  EXPECT_EQ(loop.totals.sum, 3120u);
}

TEST(BusyLoop, RealCountersNeverStandStillForLong) {
  Histogram histogram;
  GapLog log;
  const LoopLimits limits{.floor = 1, .floor_limit = 2, .threshold = ~std::uint64_t{0} >> 1};
  const LoopTotals totals =
      listen<FencedCounter>(read_cycles(), limits, histogram, log, CountStop{100'000});
  EXPECT_EQ(totals.iterations, 100'002u);
  EXPECT_EQ(histogram.total(), totals.iterations);
  EXPECT_EQ(totals.sum, totals.end - totals.start);
  EXPECT_GT(totals.sum, 0u);
}

}  // namespace
}  // namespace isolab
