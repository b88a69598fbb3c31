// SPDX-License-Identifier: Apache-2.0
// The thread that measures one CPU: its memory, its lifetime, its data. It is made in prepare(),
// sleeps between windows and runs the loop of busy_loop/loop.h in each. All it writes while
// measuring is in a separate mapping: touched by the pinned thread (so on its NUMA node), locked,
// and excluded from transparent huge pages, whose background collapse would interrupt it.
#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/records.h"
#include "base/result.h"
#include "host/clock.h"
#include "probes/busy_loop/loop.h"

namespace isolab {

struct ListenerSettings {
  bool fenced = true;
  std::string policy = "other";
  int priority = 1;              // 1-99 for fifo and rr
  std::size_t log_capacity = 0;  // gaps
  std::string cgroup = {};       // to be entered before it is pinned; empty: none
};

/// One window, shared by all threads: they start together and leave together, so that the end
/// of one causes no gap of another. Lives longer than every thread that was given it.
struct ListenerRound {
  explicit ListenerRound(std::uint32_t count) : listeners(count) {}
  const std::uint32_t listeners;
  const std::atomic<std::uint32_t>* stop = nullptr;
  alignas(64) std::atomic<std::uint32_t> arrived{0};
  alignas(64) std::atomic<std::uint32_t> given_up{0};  // a peer never arrived: do not measure
  alignas(64) std::atomic<std::uint32_t> left{0};
};

/// The data of one window, except histogram and log.
struct Heard {
  LoopTotals totals;
  ClockPair before, after;  // taken by the measuring thread around the loop
  Footprint footprint;
  int ended_on_cpu = -1;
};

class Listener {
 public:
  /// Makes the pinned thread and waits until its memory is locked and its floor is known. Errors:
  /// denied (policy or memory locking refused), io.
  static Result<std::shared_ptr<Listener>> create(int cpu, const ListenerSettings& settings);
  /// Ends the thread; waits at most 2 s for one that cannot run.
  static void retire(const std::shared_ptr<Listener>& listener);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Why its memory could not be locked; empty: it is.
  const std::string& lock_problem() const { return lock_problem_; }
  int cpu() const { return cpu_; }
  /// Ticks of an undisturbed round: the median over 101 runs of 1000 rounds, in prepare.
  double floor_ticks() const { return floor_ticks_; }
  /// Rounds up to this many ticks share the floor's bucket: twice the floor, rounded up, at
  /// least 2.
  std::uint64_t floor_limit() const { return floor_limit_; }

  /// Wakes the thread for one window; `threshold` in ticks.
  void listen_in(std::shared_ptr<ListenerRound> round, std::uint64_t threshold);
  bool started() const { return started_.load(std::memory_order_acquire) != 0; }
  bool finished() const { return finished_.load(std::memory_order_acquire) != 0; }

  // Only when finished() is true.
  const Heard& heard() const { return heard_; }
  const Histogram& histogram() const { return memory_->histogram; }
  const GapLog& log() const { return log_; }

 private:
  struct Memory {
    Histogram histogram;
  };
  enum class Order { none, listen, quit };

  Listener(int cpu, ListenerSettings settings) : cpu_(cpu), settings_(std::move(settings)) {}
  static void* thread_main(void* self);
  Result<void> set_up();
  Result<void> map_memory();
  void measure_floor();
  void serve();
  void run_window(ListenerRound& round);

  const int cpu_;
  const ListenerSettings settings_;
  pthread_t thread_{};
  bool thread_made_ = false;
  std::size_t mapped_ = 0;
  Memory* memory_ = nullptr;
  GapLog log_;
  double floor_ticks_ = 0;
  std::uint64_t floor_limit_ = 0;
  std::uint64_t threshold_ = 0;
  Heard heard_;

  std::string lock_problem_;
  std::mutex mutex_;  // guards what follows; never taken inside a window
  std::condition_variable changed_;
  Order order_ = Order::none;
  bool set_up_done_ = false;
  std::optional<Error> set_up_error_;
  std::shared_ptr<ListenerRound> round_;

  alignas(64) std::atomic<std::uint32_t> started_{0};
  alignas(64) std::atomic<std::uint32_t> finished_{0};
};

}  // namespace isolab
