// SPDX-License-Identifier: Apache-2.0
// trace_observer_effect [IPIS]: what our tracing adds to the gap an IPI makes on the measured CPU.
// Alternates runs without tracing, with every event and without the *_exit events; each run fires
// membarriers (default 4000) from the first CPU at a FIFO thread that watches the cycle counter on
// the last one. Prints the median gap of each run. Needs root, two CPUs and a quiet machine.
#include <fmt/format.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "host/arch/cycles.h"
#include "host/clock.h"
#include "host/os.h"
#include "trace/instance.h"

namespace isolab {
namespace {

long membarrier(int command) { return ::syscall(SYS_membarrier, command, 0, 0); }

/// The longest hole the peer saw around each call, in ticks; the median over all calls.
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

Result<std::uint64_t> traced_gap(Files& files, const HostFacts& facts, int target, bool exits,
                                 int ipis) {
  const auto capability = find_trace_capability(files, facts);
  if (!capability.can_trace()) return Error{ErrorKind::unsupported, capability.reasons.front()};
  StateGuard guard(files, default_journal_dir());
  const auto instance =
      TRY(TraceInstance::create(files, facts, guard, capability,
                                {.measured = CpuSet{target}, .stacks = true, .exits = exits}));
  TRY(instance.start());
  auto gap = median_gap(target, facts.online - CpuSet{target}, ipis);
  TRY(instance.stop());
  return gap;
}

Result<void> compare(int ipis) {
  SystemFiles files;
  const auto facts = read_host_facts(files);
  const int target = facts.online.last();
  const auto first = read_clock_pair();
  sleep_for(std::chrono::milliseconds{200});
  const auto line = make_line(first, read_clock_pair());
  fmt::print("{:>10} {:>10} {:>12}   median gap, ns\n", "untraced", "traced", "no exits");
  for (int round = 0; round < 5; ++round) {
    const auto plain = TRY(median_gap(target, facts.online - CpuSet{target}, ipis));
    const auto traced = TRY(traced_gap(files, facts, target, true, ipis));
    const auto lean = TRY(traced_gap(files, facts, target, false, ipis));
    fmt::print("{:>10} {:>10} {:>12}\n", line.nanoseconds(plain), line.nanoseconds(traced),
               line.nanoseconds(lean));
  }
  return {};
}

}  // namespace
}  // namespace isolab

int main(int argc, char** argv) {
  const auto done = isolab::compare(argc > 1 ? std::atoi(argv[1]) : 4000);
  if (!done) fmt::print(stderr, "trace_observer_effect: {}\n", done.error().text());
  return done ? 0 : 1;
}
