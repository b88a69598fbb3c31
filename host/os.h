// SPDX-License-Identifier: Apache-2.0
// The few operating-system calls that several rooms need, with errors as values.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/result.h"
#include "base/units.h"

namespace isolab {

std::uint64_t mono_raw_ns();  // CLOCK_MONOTONIC_RAW
std::string utc_now();        // "2026-11-20T13:37:00Z"
void sleep_for(Nanos span);   // whole span, also across signals

Result<void> pin_this_thread(const CpuSet& cpus);
CpuSet this_thread_cpus();
/// policy: "other", "fifo" or "rr"; priority 1-99 for the real-time ones.
Result<void> set_this_thread_policy(const std::string& policy, int priority);
/// SCHED_RR 1 for the calling thread alone: what it forks begins as an ordinary task again
/// (SCHED_RESET_ON_FORK, sched(7)). For a thread that sleeps nearly always and must wake in time.
Result<void> run_ahead_of_ordinary_tasks();
Result<void> lock_all_memory();  // mlockall(MCL_CURRENT | MCL_FUTURE)
bool is_root();
/// Processes that hold an anonymous descriptor of this kind ("[perf_event]", fs/anon_inodes.c), by
/// /proc/PID/fd. Those that end in the meantime, or that may not be looked at, are left out.
std::vector<std::int32_t> holders_of_anonymous(const std::string& kind);

/// A file descriptor that closes itself.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

/// Holds all CPUs out of deep C-states while it lives (/dev/cpu_dma_latency written with 0).
Result<Fd> hold_cpu_dma_latency();

/// Memory shared between this process and its forks; zeroed, page-aligned, unmapped at the end.
class SharedMemory {
 public:
  static Result<SharedMemory> create(std::size_t bytes);
  SharedMemory() = default;
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  ~SharedMemory();
  void* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A stop request that children see at once: a flag in shared memory.
class StopFlag {
 public:
  explicit StopFlag(const std::atomic<std::uint32_t>& flag) : flag_(&flag) {}
  bool requested() const { return flag_->load(std::memory_order_relaxed) != 0; }
  const std::atomic<std::uint32_t>& word() const { return *flag_; }

 private:
  const std::atomic<std::uint32_t>* flag_;
};

/// A private mount namespace with tracefs and debugfs in their usual places, made when they are
/// not mounted; it dies with the process, so nothing is left behind. Needs root; call it while
/// single-threaded. Returns what was mounted ("tracefs", "debugfs"), empty if nothing was missing.
Result<std::vector<std::string>> mount_private_kernel_filesystems();

}  // namespace isolab
