// SPDX-License-Identifier: Apache-2.0
// The ladder of costs: the elementary operations behind IPIs and TLB flushes on this machine, from
// one system call up to a flush of every CPU. Each step is a Google Benchmark whose name contains
// its parameters ("mprotect/peers:1/pages:32"); `isolab attach RECORDING FILE.json` makes metrics
// of it.
//
// The driver runs on a housekeeping CPU; peers (threads of the same address space, which TLB
// shootdowns and membarrier reach) and bystanders (separate processes, which only flushes of
// kernel addresses reach) occupy the measured CPU and others. What a machine cannot do is skipped
// as "not applicable: reason".
#pragma once

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/cpu_set.h"
#include "base/result.h"
#include "host/process.h"

namespace isolab::ladder {

struct Machine {
  int driver = 0;           // housekeeping: where operations are issued
  int measured = 0;         // their target
  std::vector<int> others;  // every CPU but the driver's, the measured one first
  std::string refusal;      // why there is no target: one CPU only; else empty
};
const Machine& machine();
void set_machine(Machine machine);

/// Ends the benchmark as not applicable.
void skip(benchmark::State& state, const std::string& reason);
void skip(benchmark::State& state, const Error& error);

/// The middle of the iterations' times as counter median_ns: a preemption in some of them does not
/// move it, as it moves Google Benchmark's mean. `isolab attach` takes it for the time.
class Median {
 public:
  void add(double spent_ns) { spent_ns_.push_back(spent_ns); }
  void count(benchmark::State& state);

 private:
  std::vector<double> spent_ns_;
};

/// One iteration: prepare, op (the only part that is timed), clean up. Stops at the first error.
struct Step {
  std::function<Result<void>()> prepare = [] { return Result<void>(); };
  std::function<void()> op;
  std::function<void()> clean_up = [] {};
};
void repeat(benchmark::State& state, const Step& step);

/// Threads of this process that spin on other CPUs. An operation is sent only when each of them is
/// seen to run: on a shared host a peer may be off its CPU, and then nothing is sent to it.
class Peers {
 public:
  /// The first `count` of machine().others.
  explicit Peers(std::size_t count);
  ~Peers();
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  void wait_until_running() const;

 private:
  struct alignas(64) Slot {
    std::atomic<std::uint64_t> rounds{0};
  };
  std::atomic<bool> stop_{false};
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<std::thread> threads_;
};

/// A separate process that spins on the measured CPU.
Result<Child> start_bystander();

// Each file's steps.
void register_primitives();
void register_flushes();
void register_shootdowns();
void register_refill();

}  // namespace isolab::ladder
