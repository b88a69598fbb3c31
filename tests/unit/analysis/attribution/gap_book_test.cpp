// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/gap_book.h"

#include "analysis/attribution/noise_budget.h"
#include "tests/unit/analysis/attribution/attribution_fixture.h"

namespace isolab {
namespace {

using test::AttributionTest;
using test::kCallsite;
using test::kJumpLabel;
using test::kSync;

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

}  // namespace
}  // namespace isolab
