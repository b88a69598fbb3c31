// SPDX-License-Identifier: Apache-2.0
// The lowest steps: entering the kernel on either kind of CPU, an IPI and back, a static key.
#include <linux/bpf.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "benchmarks/ladder.h"
#include "host/os.h"

namespace isolab::ladder {
namespace {

/// The cheapest system call that is not in the vDSO: entry, exit and what context tracking adds on
/// a nohz_full CPU.
void system_call(benchmark::State& state, int cpu) {
  if (const auto pinned = pin_this_thread(CpuSet{cpu}); !pinned) skip(state, pinned.error());
  for (auto round : state) {
    (void)round;
    benchmark::DoNotOptimize(syscall(SYS_getppid));
  }
  (void)pin_this_thread(CpuSet{machine().driver});
}

/// With a peer that runs: one IPI, its callback, and the answer. Without: the system call alone.
void membarrier(benchmark::State& state, std::size_t peers) {
  if (peers > machine().others.size()) return skip(state, machine().refusal);
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0)
    return skip(state, errno_error("cannot call membarrier", errno));
  const Peers running(peers);
  repeat(state, {.prepare =
                     [&] {
                       running.wait_until_running();
                       return Result<void>();
                     },
                 .op = [] { syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0); }});
}

/// The descriptor of the BPF statistics holds a static key on: open and close are two flips.
void static_key(benchmark::State& state) {
  bpf_attr attributes;
  std::memset(&attributes, 0, sizeof attributes);
  attributes.enable_stats.type = BPF_STATS_RUN_TIME;
  int fd = -1;
  repeat(state, {.prepare = [&]() -> Result<void> {
                   const Fd probe(static_cast<int>(
                       syscall(SYS_bpf, BPF_ENABLE_STATS, &attributes, sizeof attributes)));
                   if (!probe) return errno_error("cannot call bpf(BPF_ENABLE_STATS)", errno);
                   return {};
                 },
                 .op =
                     [&] {
                       fd = static_cast<int>(
                           syscall(SYS_bpf, BPF_ENABLE_STATS, &attributes, sizeof attributes));
                       close(fd);
                     }});
  state.counters["flips"] = 2;
}

}  // namespace

void register_primitives() {
  benchmark::RegisterBenchmark("system_call/on:housekeeping",
                               [](benchmark::State& s) { system_call(s, machine().driver); });
  benchmark::RegisterBenchmark("system_call/on:measured",
                               [](benchmark::State& s) { system_call(s, machine().measured); });
  for (const std::size_t peers : {std::size_t{0}, std::size_t{1}})
    benchmark::RegisterBenchmark(("membarrier/peers:" + std::to_string(peers)).c_str(),
                                 [peers](benchmark::State& s) { membarrier(s, peers); })
        ->UseManualTime();
  benchmark::RegisterBenchmark("static_key_on_off", static_key)->UseManualTime();
}

}  // namespace isolab::ladder
