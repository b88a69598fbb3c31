// SPDX-License-Identifier: Apache-2.0
#include "host/os.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <new>
#include <utility>

#include "host/arch/cycles.h"
#include "host/clock.h"

namespace isolab {
namespace {

using std::chrono::milliseconds;

TEST(Os, TimeGoesForwardAndSleepsAreWhole) {
  const std::uint64_t begin = mono_raw_ns();
  sleep_for(milliseconds{20});
  EXPECT_GE(mono_raw_ns() - begin, 19'900'000u);  // CLOCK_MONOTONIC may be slewed against RAW
  sleep_for(Nanos{-5});
}

TEST(Os, SleepsContinueAfterASignal) {
  struct sigaction nothing {};
  nothing.sa_handler = [](int) {};
  struct sigaction before {};
  ::sigaction(SIGALRM, &nothing, &before);
  const std::uint64_t begin = mono_raw_ns();
  ::ualarm(5'000, 5'000);
  sleep_for(milliseconds{50});
  ::ualarm(0, 0);
  ::sigaction(SIGALRM, &before, nullptr);
  EXPECT_GE(mono_raw_ns() - begin, 49'500'000u);
}

TEST(Os, UtcIsRfc3339) { EXPECT_THAT(utc_now(), testing::MatchesRegex("20[0-9-]{8}T[0-9:]{8}Z")); }

TEST(Os, PinningIsSeenAndUndone) {
  const CpuSet before = this_thread_cpus();
  ASSERT_FALSE(before.empty());
  const CpuSet last{before.last().value()};
  ASSERT_TRUE(pin_this_thread(last));
  EXPECT_EQ(this_thread_cpus(), last);
  ASSERT_TRUE(pin_this_thread(before));
  EXPECT_EQ(this_thread_cpus(), before);
}

TEST(Os, ImpossiblePinsAreRefused) {
  EXPECT_EQ(pin_this_thread({}).error().kind, ErrorKind::usage);
  const auto far = pin_this_thread(CpuSet{8000});
  ASSERT_FALSE(far);
  EXPECT_THAT(far.error().what, testing::HasSubstr("8000"));
}

TEST(Os, PoliciesAreCheckedByName) {
  EXPECT_EQ(set_this_thread_policy("idle", 0).error().kind, ErrorKind::usage);
  EXPECT_FALSE(set_this_thread_policy("fifo", 1000));
  EXPECT_TRUE(set_this_thread_policy("other", 5));  // the priority means nothing there
}

TEST(Fd, ClosesOnceAndMoves) {
  int raw = -1;
  {
    Fd first(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    raw = first.get();
    ASSERT_TRUE(first);
    Fd second = std::move(first);
    EXPECT_FALSE(first);
    EXPECT_EQ(second.get(), raw);
    EXPECT_NE(::fcntl(raw, F_GETFD), -1);
  }
  EXPECT_EQ(::fcntl(raw, F_GETFD), -1);
}

TEST(SharedMemory, IsZeroedAndSharedWithForks) {
  auto memory = SharedMemory::create(100'000);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->size(), 100'000u);
  const auto* bytes = static_cast<const unsigned char*>(memory->data());
  for (std::size_t i = 0; i < memory->size(); ++i) ASSERT_EQ(bytes[i], 0);
  auto* flag = new (memory->data()) std::atomic<std::uint32_t>(0);
  const StopFlag stop(*flag);
  EXPECT_FALSE(stop.requested());
  const pid_t child = ::fork();
  if (child == 0) {
    flag->store(1);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(stop.requested());
  SharedMemory moved = std::move(*memory);
  EXPECT_EQ(memory->data(), nullptr);
  EXPECT_NE(moved.data(), nullptr);
  EXPECT_FALSE(SharedMemory::create(0));
}

TEST(Clock, PairsLieOnALineThatAgreesWithTheClock) {
  const ClockPair first = read_clock_pair();
  sleep_for(milliseconds{50});
  const ClockPair last = read_clock_pair();
  EXPECT_GT(last.ticks, first.ticks);
  const TickLine line = make_line(first, last);
  EXPECT_EQ(line.counter, kCycleCounterName);
  EXPECT_EQ(line.nanoseconds(last.ticks - first.ticks), last.ns - first.ns);
  EXPECT_GT(line.ticks_per_second(), 1e6);
  EXPECT_LT(line.ticks_per_second(), 1e10);
  EXPECT_GT(line.uncertainty_ppm, 0);
  EXPECT_LT(line.uncertainty_ppm, 1000);
}

TEST(Clock, UncertaintyIsBothBracketsOverTheSpan) {
  const TickLine line = make_line({1000, 0, 50}, {1000 + 2'300'000'000ULL, 1'000'000'000ULL, 65});
  EXPECT_NEAR(line.uncertainty_ppm, 115.0 / 2.3e9 * 1e6, 1e-9);
  EXPECT_EQ(make_line({5, 5, 1}, {5, 5, 1}).uncertainty_ppm, 0);
}

TEST(Cycles, NeverGoBackwards) {
  std::uint64_t before = read_cycles();
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t now = read_cycles();
    ASSERT_GE(now, before);
    before = now;
  }
}

}  // namespace
}  // namespace isolab
