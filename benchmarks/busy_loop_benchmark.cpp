// SPDX-License-Identifier: Apache-2.0
// What the busy loop costs a round beside the bare loop with the same fence: the counter read, and
// nothing else. Both run alternately on one pinned CPU, in short slices; a slice's result is its
// time a round, and the median over all slices drops those that were interrupted.
//
// Needs nothing; a dedicated CPU helps (CPU=n in the environment, else the last one). The counter
// `ratio` of side_by_side/busy_loop is the figure to reach: <= 1.15, target 1.05.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "host/clock.h"
#include "host/os.h"
#include "probes/busy_loop/loop.h"

namespace isolab {
namespace {

constexpr std::uint64_t kRounds = 10'000;  // a slice: about 0.2 ms
constexpr std::size_t kPairs = 200;        // slices of each kind per iteration of the benchmark

struct Memory {
  Histogram histogram;
  std::array<Gap, 4096> gaps{};
};

template <class Counter>
[[gnu::noinline]] double bare_loop(const std::atomic<std::uint32_t>&, Memory&) {
  const std::uint64_t start = Counter::read().value();
  RawCycles last{};
  for (std::uint64_t i = 0; i < kRounds; ++i) last = Counter::read();
  return static_cast<double>(last.value() - start) / static_cast<double>(kRounds);
}

/// The bare loop that can be told to stop: the least that any probe must do.
template <class Counter>
[[gnu::noinline]] double stoppable_loop(const std::atomic<std::uint32_t>& stop, Memory&) {
  const std::uint64_t start = Counter::read().value();
  RawCycles last{};
  std::uint64_t rounds = 0;
  for (; rounds < kRounds && stop.load(std::memory_order_relaxed) == 0; ++rounds)
    last = Counter::read();
  return static_cast<double>(last.value() - start) / static_cast<double>(rounds);
}

/// The probe's loop with histogram and log, every gap over 1000 ticks logged.
template <class Counter>
[[gnu::noinline]] double probe_loop(const std::atomic<std::uint32_t>&, Memory& memory) {
  GapLog log{memory.gaps.data(), memory.gaps.size(), 0, 0};
  const LoopLimits limits{.floor = 40, .floor_limit = 90, .threshold = 1000};
  const LoopTotals totals =
      listen<Counter>(read_cycles(), limits, memory.histogram, log, CountStop{kRounds});
  return static_cast<double>(totals.sum) / static_cast<double>(totals.iterations);
}

/// What counting every round in the histogram would cost: why the floor has a separate counter.
template <class Counter>
[[gnu::noinline]] double all_to_histogram(const std::atomic<std::uint32_t>&, Memory& memory) {
  GapLog log{memory.gaps.data(), memory.gaps.size(), 0, 0};
  const LoopLimits limits{.floor = 0, .floor_limit = 0, .threshold = 1000};
  const LoopTotals totals =
      listen<Counter>(read_cycles(), limits, memory.histogram, log, CountStop{kRounds});
  return static_cast<double>(totals.sum) / static_cast<double>(totals.iterations);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double ticks_per_ns() {
  static const double rate = [] {
    const ClockPair first = read_clock_pair();
    sleep_for(std::chrono::milliseconds(200));
    return make_line(first, read_clock_pair()).ticks_per_second() / 1e9;
  }();
  return rate;
}

using Loop = double (*)(const std::atomic<std::uint32_t>&, Memory&);

void side_by_side(benchmark::State& state, Loop bare, Loop tested) {
  const char* wish = std::getenv("CPU");
  const int cpu = wish != nullptr ? std::atoi(wish) : this_thread_cpus().last().value();
  const CpuSet before = this_thread_cpus();
  if (auto pinned = pin_this_thread(CpuSet{cpu}); !pinned) {
    state.SkipWithError(pinned.error().text().c_str());
    return;
  }
  const auto memory = std::make_unique<Memory>();
  const std::atomic<std::uint32_t> stop{0};
  std::vector<double> plain, loaded;
  for (auto _ : state) {
    for (std::size_t i = 0; i < kPairs; ++i) {
      plain.push_back(bare(stop, *memory));
      loaded.push_back(tested(stop, *memory));
    }
  }
  if (auto restored = pin_this_thread(before); !restored)
    state.SkipWithError(restored.error().text().c_str());
  state.counters["bare_ns"] = median(plain) / ticks_per_ns();
  state.counters["loop_ns"] = median(loaded) / ticks_per_ns();
  state.counters["ratio"] = median(loaded) / median(plain);
}

BENCHMARK_CAPTURE(side_by_side, busy_loop, bare_loop<FencedCounter>, probe_loop<FencedCounter>);
BENCHMARK_CAPTURE(side_by_side, stoppable, bare_loop<FencedCounter>, stoppable_loop<FencedCounter>);
BENCHMARK_CAPTURE(side_by_side, every_round_in_histogram, bare_loop<FencedCounter>,
                  all_to_histogram<FencedCounter>);
BENCHMARK_CAPTURE(side_by_side, busy_loop_unfenced, bare_loop<UnfencedCounter>,
                  probe_loop<UnfencedCounter>);

}  // namespace
}  // namespace isolab

BENCHMARK_MAIN();
