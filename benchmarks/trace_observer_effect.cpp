// SPDX-License-Identifier: Apache-2.0
// trace_observer_effect [ROUNDS]: what our tracing adds to the gap an IPI makes on the measured
// CPU. Each round fires 1000 membarriers from the first CPU at a FIFO thread that watches the cycle
// counter on the last one, once without tracing and once with each set of events. Prints the median
// over the rounds of each set's median gap and of its difference to the untraced run of the same
// round, with the 95 % interval of that median (order statistics). Needs root and two CPUs.
#include <fmt/format.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <thread>
#include <vector>

#include "host/arch/cycles.h"
#include "host/clock.h"
#include "host/os.h"
#include "host/state_directory.h"
#include "trace/live/instance.h"

namespace isolab {
namespace {

long membarrier(int command) { return ::syscall(SYS_membarrier, command, 0, 0); }

/// The longest gap of the peer around each call, in ticks; the median over all calls.
Result<std::uint64_t> median_gap(int target, const CpuSet& others, int ipis) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> longest{0}, turns{0};
  TRY(pin_this_thread(others));
  if (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) != 0)
    return Error{ErrorKind::unsupported, "no expedited membarrier"};
  std::thread peer([&] {
    // Without FIFO the figures are only noisier.
    if (!pin_this_thread(CpuSet{target}) || !set_this_thread_policy("fifo", 50)) turns = 1;
    for (std::uint64_t last = read_cycles(); !stop.load(std::memory_order_relaxed);) {
      const std::uint64_t now = read_cycles();
      if (now - last > longest.load(std::memory_order_relaxed)) longest = now - last;
      last = now;
      turns.fetch_add(1, std::memory_order_relaxed);
    }
  });
  const auto one_turn = [&] {
    for (const auto seen = turns.load(); turns.load() < seen + 2;) cpu_relax();
  };
  std::vector<std::uint64_t> gaps;
  for (int i = 0; i < ipis; ++i) {
    one_turn();
    longest = 0;
    one_turn();
    membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    one_turn();
    gaps.push_back(longest);
  }
  stop = true;
  peer.join();
  std::nth_element(gaps.begin(), gaps.begin() + ipis / 2, gaps.end());
  return gaps[static_cast<std::size_t>(ipis) / 2];
}

struct EventSet {
  const char* name;
  bool stacks;
  bool exits;
};
constexpr std::array<EventSet, 3> kSets{
    {{"default", true, true}, {"exits: false", true, false}, {"and no stacks", false, false}}};
constexpr int kIpis = 1000;

Result<std::uint64_t> traced_gap(Files& files, const HostFacts& facts, int target,
                                 const EventSet& events) {
  const auto capability = find_trace_capability(files, facts);
  if (!capability.can_trace()) return Error{ErrorKind::unsupported, capability.reasons.front()};
  StateGuard guard(files, default_journal_dir());
  const TraceSetup setup{
      .measured = CpuSet{target}, .stacks = events.stacks, .exits = events.exits};
  const auto instance = TRY(TraceInstance::create(files, facts, guard, capability, setup));
  TRY(instance.start());
  auto gap = median_gap(target, facts.online - CpuSet{target}, kIpis);
  TRY(instance.stop());
  return gap;
}

struct Median {
  double value, low, high;
};

/// With the order statistics that enclose the median of 95 % of samples (normal approximation of
/// the binomial).
Median median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  const double half = 1.96 * std::sqrt(n) / 2;
  const auto at = [&](double rank) {
    return values[static_cast<std::size_t>(std::clamp(std::floor(rank), 0.0, n - 1))];
  };
  return {at(n / 2), at(n / 2 - half), at(n / 2 + half)};
}

Result<void> compare(int rounds) {
  SystemFiles files;
  const auto facts = read_host_facts(files);
  const int target = facts.online.last().value();
  const auto others = facts.online - CpuSet{target};
  const auto first = read_clock_pair();
  sleep_for(std::chrono::milliseconds{200});
  const auto line = make_line(first, read_clock_pair());
  std::vector<double> plain;
  std::array<std::vector<double>, kSets.size()> traced, added;
  for (int round = 0; round < rounds; ++round) {
    const auto gap = [&](std::uint64_t ticks) {
      return static_cast<double>(line.nanoseconds(ticks));
    };
    plain.push_back(gap(TRY(median_gap(target, others, kIpis))));
    for (std::size_t i = 0; i < kSets.size(); ++i) {
      traced[i].push_back(gap(TRY(traced_gap(files, facts, target, kSets[i]))));
      added[i].push_back(traced[i].back() - plain.back());
    }
  }
  const double base = median_of(plain).value;
  fmt::print("untraced: median gap {:.0f} ns, {} rounds of {} IPIs\n", base, rounds, kIpis);
  for (std::size_t i = 0; i < kSets.size(); ++i) {
    const auto more = median_of(added[i]);
    fmt::print(
        "{:<14} {:>6.0f} ns, {:>+5.0f} [{:+.0f}, {:+.0f}] ns = {:+.1f} % [{:+.1f}, {:+.1f}]\n",
        kSets[i].name, median_of(traced[i]).value, more.value, more.low, more.high,
        100 * more.value / base, 100 * more.low / base, 100 * more.high / base);
  }
  return {};
}

}  // namespace
}  // namespace isolab

int main(int argc, char** argv) {
  const auto done = isolab::compare(argc > 1 ? std::atoi(argv[1]) : 31);
  if (!done) fmt::print(stderr, "trace_observer_effect: {}\n", done.error().text());
  return done ? 0 : 1;
}
