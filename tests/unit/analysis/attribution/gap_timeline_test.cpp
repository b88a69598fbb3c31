// SPDX-License-Identifier: Apache-2.0
// Gaps cut into slices: contexts, tasks, and the time that is in none. Times are ticks.
#include "analysis/attribution/gap_timeline.h"

#include <gmock/gmock.h>

#include <numeric>
#include <random>

namespace isolab {
namespace {

using testing::ElementsAre;

constexpr CauseId kTick = 1, kSoftirq = 2, kIpi = 3, kFault = 4, kHeavy = 5, kOpener = 6,
                  kNmiCause = 7, kUnnamed = 8;
constexpr CauseId kBefore = 20, kBetween = 21, kAfter = 22;

using Part = std::pair<CauseId, std::uint64_t>;

std::vector<Part> parts(const std::vector<Slice>& slices) {
  std::vector<Part> out;
  for (const auto& slice : slices) out.emplace_back(slice.id, slice.length);
  return out;
}

std::uint64_t sum(const std::vector<Slice>& slices) {
  return std::accumulate(slices.begin(), slices.end(), std::uint64_t{0},
                         [](std::uint64_t all, const Slice& one) { return all + one.length; });
}

std::vector<Part> booked(const std::vector<Slice>& slices, std::uint64_t sent,
                         const UsualDelay& usual) {
  std::vector<Slice> out;
  book_slices(slices, sent, {&usual, 5, kBefore, kBetween, kAfter, kUnnamed}, out);
  EXPECT_EQ(sum(out), sum(slices));
  return parts(out);
}

UsualDelay usual_of(std::uint64_t before, std::uint64_t after) {
  UsualDelay usual;
  for (int i = 0; i < 20; ++i) usual.add_before(before), usual.add_after(after);
  usual.settle();
  return usual;
}

TEST(GapTimeline, TimeBelongsToTheInnermostContext) {
  GapTimeline line;
  line.open(100);
  line.enter(110, kTick, true);
  line.enter(130, kSoftirq, false);
  line.leave(160, false);
  line.leave(165, true);
  EXPECT_THAT(parts(line.close(180)),
              ElementsAre(Part{kNoCause, 10}, Part{kTick, 20}, Part{kSoftirq, 30}, Part{kTick, 5},
                          Part{kNoCause, 15}));
}

TEST(GapTimeline, TasksThatFollowEachOtherHaveTheirOwnTime) {
  GapTimeline line;
  line.open(0);
  line.enter(5, kIpi, true);
  line.leave(8, true);
  line.run(10, kOpener);
  line.run(30, kHeavy);
  line.enter(100, kTick, true);  // while the task runs: not the task's
  line.leave(110, true);
  line.run(2030, kNoCause);
  EXPECT_THAT(
      parts(line.close(2040)),
      ElementsAre(Part{kNoCause, 5}, Part{kIpi, 3}, Part{kNoCause, 2}, Part{kOpener, 20},
                  Part{kHeavy, 70}, Part{kTick, 10}, Part{kHeavy, 1920}, Part{kNoCause, 10}));
}

TEST(GapTimeline, ANameThatComesLaterIsThatOfTheWholeContext) {
  GapTimeline line;
  line.open(0);
  line.enter(10, 99, true);
  line.ended(30, 5, kNmiCause);  // 25 to 30
  line.rename(kIpi, 10);
  line.become(40, kHeavy);  // a further callback of the same IPI
  line.leave(50, true);
  EXPECT_THAT(parts(line.close(50)),
              ElementsAre(Part{kNoCause, 10}, Part{kIpi, 15}, Part{kNmiCause, 5}, Part{kIpi, 10},
                          Part{kHeavy, 10}));
}

TEST(GapTimeline, APageFaultLastsUntilTheGapEndsAndInterruptsNest) {
  GapTimeline line;
  line.open(0);
  line.stay(10, kFault);
  line.stay(20, kFault);
  line.enter(30, kTick, true);
  line.leave(35, true);
  EXPECT_THAT(parts(line.close(50)),
              ElementsAre(Part{kNoCause, 10}, Part{kFault, 20}, Part{kTick, 5}, Part{kFault, 15}));
}

TEST(GapTimeline, AnEndWithoutABeginningHasNoEffect) {
  GapTimeline line;
  line.open(0);
  line.leave(10, true);
  EXPECT_THAT(parts(line.close(50)), ElementsAre(Part{kNoCause, 50}));
}

TEST(GapTimeline, ATaskThatRanAllTheTimeOwnsWhatHadNoOwner) {
  GapTimeline line;
  line.open(0);
  line.enter(10, kTick, true);
  line.leave(15, true);
  line.ran(40, kHeavy);
  line.run(40, kNoCause);
  EXPECT_THAT(parts(line.close(50)),
              ElementsAre(Part{kHeavy, 10}, Part{kTick, 5}, Part{kHeavy, 25}, Part{kNoCause, 10}));
}

TEST(GapTimeline, WithoutEndsAHandlerLastsUntilTheNextEvent) {
  GapTimeline line(false);
  line.open(0);
  line.enter(10, kTick, true);
  line.enter(30, kIpi, true);
  EXPECT_THAT(parts(line.close(50)),
              ElementsAre(Part{kNoCause, 10}, Part{kTick, 20}, Part{kIpi, 20}));
}

TEST(GapTimeline, AnySequenceSumsToTheGap) {
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    GapTimeline line(round % 3 != 0);
    line.open(1000);
    std::uint64_t at = 990;  // events may be a little outside
    const auto events = random() % 600;
    for (unsigned i = 0; i < events; ++i) {
      at += random() % 50;
      const auto id = static_cast<CauseId>(random() % 12);
      switch (random() % 8) {
        case 0: line.enter(at, id, random() % 2 == 0); break;
        case 1: line.leave(at, random() % 2 == 0); break;
        case 2: line.stay(at, id); break;
        case 3: line.run(at, random() % 3 == 0 ? kNoCause : id); break;
        case 4: line.ended(at, random() % 100, id); break;
        case 5: line.rename(id, at - random() % 100); break;
        case 6: line.become(at, id); break;
        default: line.ran(at, id); break;
      }
    }
    const auto end = std::max<std::uint64_t>(at, 1000) + random() % 30;
    const auto slices = line.close(end);
    EXPECT_EQ(sum(slices), end - 1000);
    EXPECT_LE(slices.size(), GapTimeline::kMostSlices + 32);
    booked(slices, random() % 2 == 0 ? 0 : 1000 + random() % 100, usual_of(random() % 40, 3));
  }
}

TEST(BookSlices, UsualDelayIsTheInterruptsOwn) {
  const std::vector<Slice> tick{{kNoCause, 0, 12}, {kTick, 12, 20, true}, {kNoCause, 32, 5}};
  EXPECT_THAT(booked(tick, 0, usual_of(10, 4)), ElementsAre(Part{kTick, 37}));
}

TEST(BookSlices, TimeBeforeTheSendIsNotTheIpis) {
  const std::vector<Slice> ipi{{kNoCause, 1000, 5300}, {kIpi, 6300, 9, true}};
  EXPECT_THAT(booked(ipi, 6010, usual_of(10, 4)),
              ElementsAre(Part{kBefore, 5010}, Part{kIpi, 299}));
  // Sent before the gap began: all of it is the IPI's, however long.
  EXPECT_THAT(booked(ipi, 999, usual_of(10, 4)), ElementsAre(Part{kIpi, 5309}));
  // Sent after it arrived is impossible on one clock: nothing more than the time before is late.
  EXPECT_THAT(booked(ipi, 7000, usual_of(10, 4)), ElementsAre(Part{kBefore, 5300}, Part{kIpi, 9}));
}

TEST(BookSlices, BeyondUsualDeliveryATickIsLate) {
  const std::vector<Slice> tick{{kNoCause, 0, 5250}, {kTick, 5250, 20, true}, {kNoCause, 5270, 4}};
  EXPECT_THAT(booked(tick, 0, usual_of(10, 4)), ElementsAre(Part{kBefore, 5240}, Part{kTick, 34}));
  // Nothing is late where the usual is not known.
  EXPECT_THAT(booked(tick, 0, UsualDelay()), ElementsAre(Part{kTick, 5274}));
}

TEST(BookSlices, StolenBetweenTwoInterruptsAndAfterTheLast) {
  const std::vector<Slice> two{{kNoCause, 0, 10},
                               {kIpi, 10, 5, true},
                               {kNoCause, 15, 4000},
                               {kTick, 4015, 9, true},
                               {kNoCause, 4024, 3000}};
  EXPECT_THAT(booked(two, 0, usual_of(10, 4)), ElementsAre(Part{kIpi, 19}, Part{kBetween, 3986},
                                                           Part{kTick, 23}, Part{kAfter, 2996}));
}

TEST(BookSlices, TheSchedulersOwnTimeBeforeATaskIsNotLate) {
  const std::vector<Slice> wakeup{
      {kNoCause, 0, 10}, {kIpi, 10, 5, true}, {kNoCause, 15, 400}, {kHeavy, 415, 90, false}};
  EXPECT_THAT(booked(wakeup, 0, usual_of(10, 4)), ElementsAre(Part{kIpi, 415}, Part{kHeavy, 90}));
}

TEST(BookSlices, AGapWithEventsButWithoutContextIsUnnamed) {
  EXPECT_THAT(booked({{kNoCause, 0, 12}}, 0, usual_of(10, 4)), ElementsAre(Part{kUnnamed, 12}));
}

TEST(UsualDelay, OfFewGapsTheShortestIsUsual) {
  UsualDelay usual;
  usual.add_before(5000), usual.add_before(8);
  usual.settle();
  EXPECT_EQ(usual.late_before(5000, 5), 4992u);
  EXPECT_EQ(usual.late_before(24, 5), 0u);  // three times the usual
  EXPECT_EQ(usual.late_before(25, 5), 17u);
  EXPECT_EQ(usual.late_before(25, 50), 0u);  // less than what matters
}

}  // namespace
}  // namespace isolab
