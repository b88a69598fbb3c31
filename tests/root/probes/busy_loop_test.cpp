// SPDX-License-Identifier: Apache-2.0
// The busy loop on the real machine, run as the runner runs it: in a forked process, stopped
// through shared memory. Known disturbances are injected and must be found with the right count and
// length. Needs root and two CPUs; changes nothing.
#include <gmock/gmock.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <span>
#include <thread>

#include "host/arch/cycles.h"
#include "host/clock.h"
#include "host/guard.h"
#include "host/os.h"
#include "probes/contract/observer.h"
#include "probes/contract/probe.h"
#include "tests/support/temporary_directory.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

// Counts what the whole process allocates; the memory itself comes from malloc as ever.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(bytes != 0 ? bytes : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace isolab {
namespace {

using namespace std::chrono_literals;

constexpr int kTrain = 200;
constexpr std::size_t kGaps = 200'000;

struct Shot {
  std::uint64_t before = 0, after = 0;  // ticks around one membarrier
};

/// What the probe's process and the test share.
struct Shared {
  ProbeSignals warmup, signals;
  std::atomic<std::uint32_t> prepared{0}, fire{0}, fired{0};
  std::array<Shot, kTrain> shots;
  std::uint64_t allocations_in_window;
  // One CPU's record, flattened.
  std::uint64_t histogram_total, over_threshold;
  std::uint64_t start, end, threshold;
  std::uint64_t iterations, dropped, gap_count;
  double floor_ns, sum_error_ticks, wall_error_ppm;
  std::uint64_t ticks0, ticks1, ns0, ns1;
  double uncertainty_ppm, drift_ppm;
  Footprint footprint;
  char failure[512];
  std::array<Gap, kGaps> gaps;
};

void flatten(Probe& probe, Shared& out) {
  const ProbeRecord record = probe.collect();
  const ProbeCpu& cpu = record.cpus.at(0);
  std::snprintf(out.failure, sizeof out.failure, "%s", cpu.error.c_str());
  out.histogram_total = cpu.histogram.total();
  out.start = cpu.start;
  out.end = cpu.end;
  out.threshold = cpu.threshold;
  out.iterations = static_cast<std::uint64_t>(cpu.numbers.at("iterations"));
  out.floor_ns = cpu.numbers.at("floor_ns");
  out.sum_error_ticks = cpu.numbers.at("sum_error_ticks");
  out.wall_error_ppm = cpu.numbers.at("wall_error_ppm");
  out.dropped = cpu.gaps_dropped;
  out.gap_count = std::min(cpu.gaps.size(), kGaps);
  std::copy_n(cpu.gaps.begin(), out.gap_count, out.gaps.begin());
  out.ticks0 = record.line.ticks0;
  out.ticks1 = record.line.ticks1;
  out.ns0 = record.line.ns0;
  out.ns1 = record.line.ns1;
  out.uncertainty_ppm = record.line.uncertainty_ppm;
  out.drift_ppm = record.line.drift_ppm;
  out.footprint = probe.footprints().at(0);
}

/// Lives in the probe's process on the housekeeping CPU: sends the train, watches allocations.
void peer(Shared& shared) {
  syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  while (shared.signals.listening.load() == 0) sleep_for(1ms);
  const std::uint64_t at_start = allocations.load();
  while (shared.signals.stop.load() == 0) {
    if (shared.fire.load() != 0 && shared.fired.load() == 0) {
      for (auto& shot : shared.shots) {
        sleep_for(2ms);
        shot.before = read_cycles();
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
        shot.after = read_cycles();
      }
      shared.allocations_in_window = allocations.load() - at_start;
      shared.fired.store(1);
    }
    shared.allocations_in_window = allocations.load() - at_start;
    sleep_for(1ms);
  }
}

int probe_process(const ParamValues& params, const ProbeContext& context, Shared& shared) {
  const auto fail = [&](const Error& error) {
    std::snprintf(shared.failure, sizeof shared.failure, "%s", error.text().c_str());
    shared.prepared.store(2);
    return 1;
  };
  if (auto pinned = pin_this_thread(context.housekeeping); !pinned) return fail(pinned.error());
  auto probe = find_probe("busy_loop")->make(params, context);
  if (!probe) return fail(probe.error());
  if (auto ready = (*probe)->prepare(); !ready) return fail(ready.error());
  std::thread helper(peer, std::ref(shared));
  sleep_for(20ms);  // its stack is made before anybody listens
  shared.prepared.store(1);
  if (auto heard = (*probe)->window(shared.warmup); !heard) return fail(heard.error());
  const auto heard = (*probe)->window(shared.signals);
  shared.signals.stop.store(1);
  helper.join();
  if (!heard) return fail(heard.error());
  flatten(**probe, shared);
  return 0;
}

class BusyLoopOnThisMachine : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!is_root()) GTEST_SKIP() << "needs root to lock memory";
    facts_.online = this_thread_cpus();
    if (facts_.online.count() < 2) GTEST_SKIP() << "needs two CPUs";
    measured_ = CpuSet{facts_.online.last().value()};
    housekeeping_ = facts_.online - measured_;
    auto memory = SharedMemory::create(sizeof(Shared));
    ASSERT_TRUE(memory) << memory.error().text();
    memory_ = std::move(*memory);
    shared_ = new (memory_.data()) Shared;
  }

  void TearDown() override {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      waitpid(child_, nullptr, 0);
    }
  }

  ProbeContext context() {
    return {Host{files_, facts_}, measured_, housekeeping_, scratch_.path(), 10s};
  }

  void start(const ParamValues& params = {}) {
    child_ = fork();
    if (child_ == 0) _exit(probe_process(params, context(), *shared_));
    ASSERT_GT(child_, 0);
    ASSERT_TRUE(wait_until([&] { return shared_->warmup.listening.load() != 0 || failed(); }));
    ASSERT_FALSE(failed()) << shared_->failure;
    sleep_for(50ms);
    shared_->warmup.stop.store(1);
    ASSERT_TRUE(wait_until([&] { return shared_->signals.listening.load() != 0 || failed(); }));
    ASSERT_FALSE(failed()) << shared_->failure;
  }

  void stop() {
    shared_->signals.stop.store(1);
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    ASSERT_EQ(status, 0) << shared_->failure;
    ASSERT_STREQ(shared_->failure, "");
  }

  bool failed() const { return shared_->prepared.load() == 2; }

  static bool wait_until(const std::function<bool()>& met) {
    for (int i = 0; i < 15'000; ++i) {
      if (met()) return true;
      sleep_for(1ms);
    }
    return false;
  }

  std::span<const Gap> gaps() const { return {shared_->gaps.data(), shared_->gap_count}; }
  TickLine line() const {
    TickLine line;
    line.ticks0 = shared_->ticks0;
    line.ticks1 = shared_->ticks1;
    line.ns0 = shared_->ns0;
    line.ns1 = shared_->ns1;
    return line;
  }

  const test::TemporaryDirectory scratch_;
  SystemFiles files_;
  HostFacts facts_;
  CpuSet measured_, housekeeping_;
  SharedMemory memory_;
  Shared* shared_ = nullptr;
  pid_t child_ = -1;
};

TEST_F(BusyLoopOnThisMachine, ItsNumbersAddUp) {
  start();
  sleep_for(1500ms);
  stop();
  EXPECT_GT(shared_->iterations, 100'000u);
  EXPECT_EQ(shared_->histogram_total, shared_->iterations);
  EXPECT_EQ(shared_->sum_error_ticks, 0);
  EXPECT_LT(std::abs(shared_->wall_error_ppm), 1.0);
  EXPECT_LT(shared_->uncertainty_ppm, 5.0);
  EXPECT_LT(std::abs(shared_->drift_ppm), 5.0);
  EXPECT_EQ(shared_->dropped, 0u);
  for (std::size_t i = 0; i < gaps().size(); ++i) {
    ASSERT_GT(gaps()[i].length, shared_->threshold);
    ASSERT_GE(gaps()[i].start, shared_->start);
    ASSERT_LE(gaps()[i].start + gaps()[i].length, shared_->end);
    if (i > 0) {
      ASSERT_GE(gaps()[i].start, gaps()[i - 1].start + gaps()[i - 1].length);
    }
  }
}

TEST_F(BusyLoopOnThisMachine, CausesNoFaultAndNoAllocationInTheWindow) {
  start();
  sleep_for(500ms);
  stop();
  EXPECT_EQ(shared_->footprint.minor_faults, 0u);
  EXPECT_EQ(shared_->footprint.major_faults, 0u);
  EXPECT_EQ(shared_->footprint.voluntary_switches, 0u);
  EXPECT_EQ(shared_->allocations_in_window, 0u);
}

TEST_F(BusyLoopOnThisMachine, FindsEachStallOnceWithItsLength) {
  struct Stall {
    std::uint64_t asked, stopped, continued;  // CLOCK_MONOTONIC_RAW, ns
  };
  std::array<Stall, 3> stalls{};
  start();
  for (Stall& stall : stalls) {
    sleep_for(100ms);
    stall.asked = mono_raw_ns();
    ASSERT_EQ(kill(child_, SIGSTOP), 0);
    ASSERT_EQ(waitpid(child_, nullptr, WUNTRACED), child_);
    stall.stopped = mono_raw_ns();
    sleep_for(100ms);
    stall.continued = mono_raw_ns();
    ASSERT_EQ(kill(child_, SIGCONT), 0);
  }
  sleep_for(100ms);
  stop();

  // The machine may stall by itself at other times, and a busy one may let a continued thread wait:
  // each stall must be there once and whole; one of the three must be as long as we made it.
  int exact = 0;
  for (const Stall& stall : stalls) {
    int found = 0;
    for (const Gap& gap : gaps()) {
      const auto length = static_cast<double>(line().nanoseconds(gap.length));
      const std::uint64_t begin = line().ns0 + line().nanoseconds(gap.start - line().ticks0);
      if (begin > stall.continued || begin + line().nanoseconds(gap.length) < stall.stopped)
        continue;
      if (length < 50e6) continue;
      ++found;
      EXPECT_GE(length, 0.8 * static_cast<double>(stall.continued - stall.stopped));
      if (length <= 1.2 * static_cast<double>(stall.continued - stall.asked)) ++exact;
    }
    EXPECT_EQ(found, 1);
  }
  EXPECT_GE(exact, 1);
}

TEST_F(BusyLoopOnThisMachine, FindsEveryInterruptionOfAKnownTrain) {
  StateGuard guard(files_, scratch_ / "journal");
  const ObserverContext observed{Host{files_, facts_}, guard, measured_, housekeeping_, "/tmp", 1s};
  auto observer = find_observer("interrupts")->make({}, observed);
  ASSERT_TRUE(observer) << observer.error().text();

  start();
  ASSERT_TRUE((*observer)->begin());
  shared_->fire.store(1);
  ASSERT_TRUE(wait_until([&] { return shared_->fired.load() != 0; }));
  ASSERT_TRUE((*observer)->end());
  stop();
  WindowRecord record;
  ASSERT_TRUE((*observer)->finish(record));

  // Each shot must lie in a gap. One that fell on a moment when the thread was off its CPU anyway
  // (a long gap had begun before) sends no interrupt: the kernel only asks CPUs that run us.
  const std::uint64_t slack = line().ticks(20'000);
  int found = 0, interrupted = 0;
  for (const Shot& shot : shared_->shots) {
    const auto hit = std::find_if(gaps().begin(), gaps().end(), [&](const Gap& gap) {
      return gap.start < shot.after + slack && gap.start + gap.length > shot.before;
    });
    if (hit == gaps().end()) continue;
    ++found;
    if (hit->start >= shot.before) ++interrupted;
  }
  EXPECT_GE(found, kTrain * 99 / 100);
  ASSERT_GE(interrupted, kTrain / 10) << "the machine is too busy to tell";

  std::uint64_t calls = 0;
  const int cpu = measured_.first().value();
  for (const CounterRow& row : record.interrupts)
    if (row.kind == "function_call") calls += row.after.at(cpu) - row.before.at(cpu);
  EXPECT_GE(calls, static_cast<std::uint64_t>(interrupted) * 95 / 100);
}

TEST_F(BusyLoopOnThisMachine, AFullLogCountsWhatItDrops) {
  start({{"log_capacity", {"3"}}, {"threshold", {"200ns"}}});
  shared_->fire.store(1);
  ASSERT_TRUE(wait_until([&] { return shared_->fired.load() != 0; }));
  stop();
  EXPECT_EQ(shared_->gap_count, 3u);
  EXPECT_GT(shared_->dropped, 0u);
  EXPECT_EQ(shared_->histogram_total, shared_->iterations);
}

TEST_F(BusyLoopOnThisMachine, UnfencedIsFasterAndKeepsItsSums) {
  start({{"counter", {"unfenced"}}});
  sleep_for(300ms);
  stop();
  const double unfenced = shared_->floor_ns;
  EXPECT_EQ(shared_->histogram_total, shared_->iterations);
  EXPECT_EQ(shared_->sum_error_ticks, 0);

  shared_ = new (memory_.data()) Shared;
  start();
  sleep_for(300ms);
  stop();
  EXPECT_LT(unfenced, shared_->floor_ns * 1.05);
}

}  // namespace
}  // namespace isolab
