// SPDX-License-Identifier: Apache-2.0
// What isolab check finds by reading the running kernel: processes of the test that can interrupt a
// CPU, by their numbers.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "host/facts/facts.h"
#include "host/os.h"
#include "host/process.h"
#include "host/readiness/capture_machine.h"
#include "host/readiness/readiness.h"

namespace isolab {
namespace {

/// Counts software events on each CPU; how many descriptors it holds.
int open_events(const CpuSet& cpus) {
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.size = sizeof attributes;
  attributes.config = PERF_COUNT_SW_CONTEXT_SWITCHES;
  int opened = 0;
  for (const int cpu : cpus)
    opened += ::syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, 0) >= 0 ? 1 : 0;
  return opened;
}

bool arm_timer() {
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, 0);
  itimerspec in_an_hour{};
  in_an_hour.it_value.tv_sec = 3600;
  return timer >= 0 && ::timerfd_settime(timer, 0, &in_an_hour, nullptr) == 0;
}

class RealInterrupters : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_root()) GTEST_SKIP() << "needs root";
    facts_ = read_kernel_facts(files_);
    cpu_ = *facts_.usable().last();
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const Fd ready(ends[0]);
    Fd tell(ends[1]);
    const CpuSet online = facts_.online;
    auto child = Child::fork_into("culprit", CpuSet{cpu_}, [&, online] {
      const char events = static_cast<char>(open_events(online));
      if (!arm_timer() || ::write(tell.get(), &events, 1) != 1) return 1;
      ::pause();
      return 0;
    });
    ASSERT_TRUE(child);
    child_.emplace(*std::move(child));
    tell.reset();
    char events = 0;
    ASSERT_EQ(::read(ready.get(), &events, 1), 1);
    events_ = events;
  }
  /// What the finding says of the child; nothing: it does not name it.
  std::optional<Interrupter> said(const std::string& id) const {
    for (const auto& finding : check_readiness(files_, facts_, CpuSet{cpu_}))
      for (const Interrupter& named : finding.named)
        if (finding.id == id && named.pid == child_->pid()) return named;
    return std::nullopt;
  }

  SystemFiles files_;
  HostFacts facts_;
  int cpu_ = 0, events_ = 0;
  std::optional<Child> child_;
};

TEST_F(RealInterrupters, AProcessWithEventsOfEveryCpuThatIsPinnedThereAndHasATimer) {
  const auto task = said("user_tasks");
  ASSERT_TRUE(task);
  EXPECT_EQ(task->seen, fmt::format("pinned to CPU {}", cpu_));
  if (events_ == facts_.online.count()) {
    const auto counters = said("perf_events");
    ASSERT_TRUE(counters);
    EXPECT_EQ(counters->seen, fmt::format("{} perf event{}, enough for every CPU", events_,
                                          events_ == 1 ? "" : "s"));
  }
  if (files_.exists("/proc/timer_list")) {
    const auto timer = said("armed_timers");
    ASSERT_TRUE(timer);
    EXPECT_EQ(timer->seen, fmt::format("1 timer, may run on CPU {}", cpu_));
  }
  const std::string capture = capture_machine(files_, "t");
  EXPECT_NE(capture.find(fmt::format("== /proc/{}/fd/", child_->pid())), std::string::npos);
}

}  // namespace
}  // namespace isolab
