// SPDX-License-Identifier: Apache-2.0
#include "analysis/attribution/timer_interrupt.h"

#include "tests/unit/analysis/attribution/attribution_fixture.h"

namespace isolab {
namespace {

using test::AttributionTest;
using test::kStrange;

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

}  // namespace
}  // namespace isolab
