// SPDX-License-Identifier: Apache-2.0
// Which late delivery is proven to be outside the kernel. One tick is 1 ns.
#include "analysis/attribution/late_delivery.h"
#include "analysis/attribution/silent_gaps.h"

#include <gtest/gtest.h>

namespace isolab {
namespace {

constexpr double kTicksPerSecond = 1e9;

class LateDelivery : public testing::Test {
 protected:
  LateDelivery() {
    window_.probe.line = {"ns", 0, 0, 1'000'000'000, 1'000'000'000, 0, 0};
    probe_.cpu = attributed_.cpu = 1;
    probe_.end = 10'000'000'000;
  }
  /// A silent gap every 10 ms: a hypervisor's timer.
  void add_silent() {
    for (std::uint32_t i = 0; i < 400; ++i) {
      silent_.push_back(probe_.gaps.size());
      probe_.gaps.push_back({std::uint64_t{i} * 10'000'000 + 3'000'000, 20'000});
    }
  }
  void add_late(std::uint64_t start, std::uint64_t length, std::uint64_t late) {
    attributed_.late.push_back({static_cast<std::uint32_t>(probe_.gaps.size()), late, true});
    probe_.gaps.push_back({start, length});
  }
  LateTime judge() {
    const SilentGaps silent_gaps(silent_, probe_, kTicksPerSecond, false);
    return judge_late(attributed_, probe_, silent_gaps, window_);
  }

  WindowRecord window_;
  ProbeCpu probe_;
  CpuAttribution attributed_;
  GapSet silent_;
};

TEST_F(LateDelivery, IsUnexplainedWithoutAProof) {
  add_late(17, 5'000'000, 4'900'000);
  const auto late = judge();
  EXPECT_EQ(late.ticks, 4'900'000u);
  EXPECT_EQ(late.gaps, 1u);
  EXPECT_EQ(late.outside(), 0u);
}

TEST_F(LateDelivery, InPhaseWithTheSilentGapsIsOutsideTheKernel) {
  add_silent();
  add_late(1'003'000'000, 90'000, 70'000);  // when the timer is due
  add_late(1'007'700'000, 90'000, 60'000);  // at another time
  const auto late = judge();
  EXPECT_EQ(late.ticks, 130'000u);
  EXPECT_EQ(late.in_phase, 70'000u);
  EXPECT_EQ(late.phase_gaps, 1u);
  EXPECT_EQ(late.outside(), 70'000u);
}

TEST_F(LateDelivery, StealProvesWhatUnexplainedSilenceLeavesOfIt) {
  silent_.push_back(0);
  probe_.gaps.push_back({50, 15'000'000});  // silent and unexplained
  add_late(100'000'000, 30'000'000, 29'000'000);
  window_.cpu_times = {{0, 0, 0, 0, 0, 5.0, 0}, {1, 0, 0, 0, 0, 0.04, 0}};
  EXPECT_EQ(judge().stolen, 25'000'000u);
  window_.cpu_times[1].steal = 0.01;  // the silent gap alone may be all of it
  EXPECT_EQ(judge().stolen, 0u);
  window_.cpu_times[1].steal = 9;  // never more than there is
  EXPECT_EQ(judge().stolen, 29'000'000u);
}

}  // namespace
}  // namespace isolab
