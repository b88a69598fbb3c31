// SPDX-License-Identifier: Apache-2.0
// What a flush costs its victim afterwards: a pointer chase over N pages on the measured CPU, right
// after nothing, after an IPI that flushes nothing (membarrier), and after the flush of one kernel
// page (secret memory). The difference between the last two is the refill of the TLB.
// In a virtual machine INVLPG may drop the whole TLB (fractured guest huge pages): then one page
// costs what all cost, and nothing here carries over to bare metal.
#include <fmt/format.h>
#include <linux/membarrier.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <optional>
#include <random>

#include "benchmarks/ladder.h"
#include "host/os.h"
#include "workloads/support/secret_memory.h"

namespace isolab::ladder {
namespace {

enum class Flush { none, ipi, kernel_page };
constexpr std::size_t kLine = 64;
constexpr int kWarmRounds = 3;
constexpr std::size_t kIterations = 2000;  // and secret pages, touched once each

/// dTLB load misses of the calling thread, where the machine counts them.
class MissCounter {
 public:
  MissCounter() {
    perf_event_attr attributes;
    std::memset(&attributes, 0, sizeof attributes);
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_HW_CACHE;
    attributes.config = PERF_COUNT_HW_CACHE_DTLB | PERF_COUNT_HW_CACHE_OP_READ << 8 |
                        PERF_COUNT_HW_CACHE_RESULT_MISS << 16;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    fd_ = Fd(static_cast<int>(
        syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC)));
    if (!fd_) reason_ = errno_error("perf_event_open(dTLB load misses)", errno).what;
  }
  const std::string& reason() const { return reason_; }
  std::uint64_t read() const {
    std::uint64_t value = 0;
    return fd_ && ::read(fd_.get(), &value, sizeof value) == sizeof value ? value : 0;
  }

 private:
  Fd fd_;
  std::string reason_;
};

/// A cycle through all pages in random order, one line of each, another line in each page so that
/// the lines do not share a cache set.
class Cycle {
 public:
  explicit Cycle(std::size_t pages)
      : pages_(pages), page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {}
  ~Cycle() {
    if (memory_ != MAP_FAILED) munmap(memory_, pages_ * page_);
  }
  Cycle(const Cycle&) = delete;
  Cycle& operator=(const Cycle&) = delete;

  Result<void> make() {
    memory_ =
        mmap(nullptr, pages_ * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) return errno_error("mmap", errno);
    madvise(memory_, pages_ * page_, MADV_NOHUGEPAGE);
    std::vector<std::size_t> order(pages_);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), std::mt19937_64(1));
    for (std::size_t i = 0; i < pages_; ++i)
      *static_cast<void**>(place(order[i])) = place(order[(i + 1) % pages_]);
    return {};
  }
  void chase() const {
    void* at = place(0);
    for (std::size_t i = 0; i < pages_; ++i) at = *static_cast<void* volatile*>(at);
    benchmark::DoNotOptimize(at);
  }

 private:
  void* place(std::size_t page) const {
    return static_cast<char*>(memory_) + page * page_ + page % (page_ / kLine) * kLine;
  }

  std::size_t pages_, page_;
  void* memory_ = MAP_FAILED;
};

/// The victim: warms its pages, says so, waits for the flush, and times one chase.
class Victim {
 public:
  explicit Victim(const Cycle& cycle) : cycle_(cycle), thread_([this] { live(); }) {}
  ~Victim() {
    stop_ = true;
    thread_.join();
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  void wait_until_warm() const {
    while (warm_.load(std::memory_order_acquire) == flushed_.load(std::memory_order_relaxed)) {
    }
  }
  /// Seconds of the chase after the flush that `flush` makes.
  template <class F>
  double after(F flush) {
    wait_until_warm();
    flush();
    const std::uint64_t turn = warm_.load(std::memory_order_relaxed);
    flushed_.store(turn, std::memory_order_release);
    while (timed_.load(std::memory_order_acquire) != turn) {
    }
    return static_cast<double>(chase_ns_) / 1e9;
  }
  std::uint64_t misses() const { return misses_; }
  const std::string& uncounted() const { return uncounted_; }  // why; valid once it is warm

 private:
  void live() {
    (void)pin_this_thread(CpuSet{machine().measured});
    const MissCounter counter;
    uncounted_ = counter.reason();
    while (!stop_) {
      for (int i = 0; i < kWarmRounds; ++i) cycle_.chase();
      const std::uint64_t turn = warm_.load(std::memory_order_relaxed) + 1;
      warm_.store(turn, std::memory_order_release);
      while (flushed_.load(std::memory_order_acquire) != turn)
        if (stop_) return;
      const std::uint64_t before = counter.read();
      const std::uint64_t begin = mono_raw_ns();
      cycle_.chase();
      chase_ns_ = mono_raw_ns() - begin;
      misses_ += counter.read() - before;
      timed_.store(turn, std::memory_order_release);
    }
  }

  const Cycle& cycle_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> warm_{0}, flushed_{0}, timed_{0};
  std::uint64_t chase_ns_ = 0, misses_ = 0;  // published by timed_
  std::string uncounted_;                    // published by warm_
  std::thread thread_;
};

/// Secret memory touched one page at a time; unmapped after the last only, since unmapping would
/// flush the victim's own address space.
class SecretPages {
 public:
  explicit SecretPages(std::size_t pages)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))), size_(pages * page_) {}
  ~SecretPages() {
    if (memory_ != MAP_FAILED) munmap(memory_, size_);
  }
  SecretPages(const SecretPages&) = delete;
  SecretPages& operator=(const SecretPages&) = delete;

  Result<void> map() {
    allow_locked_memory();
    const Fd file = TRY(open_memory_file(true));
    if (ftruncate(file.get(), static_cast<off_t>(size_)) != 0)
      return errno_error("ftruncate of secret memory", errno);
    memory_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
    if (memory_ == MAP_FAILED) return errno_error("mmap of secret memory", errno);
    return {};
  }
  void touch_next() {
    static_cast<volatile char*>(memory_)[next_] = 1;
    next_ += page_;
  }

 private:
  std::size_t page_, size_;
  std::size_t next_ = 0;
  void* memory_ = MAP_FAILED;
};

void refill(benchmark::State& state, Flush flush, std::size_t pages) {
  if (!machine().refusal.empty()) return skip(state, machine().refusal);
  SecretPages secret(kIterations);
  if (flush == Flush::kernel_page)
    if (const auto mapped = secret.map(); !mapped) return skip(state, mapped.error());
  if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) != 0)
    return skip(state, errno_error("cannot call membarrier", errno));
  Cycle cycle(pages);
  if (const auto made = cycle.make(); !made) return skip(state, made.error());
  Victim victim(cycle);
  double chases = 0;
  Median median;
  for (auto round : state) {
    (void)round;
    const double spent = victim.after([&] {
      if (flush == Flush::ipi) syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
      if (flush == Flush::kernel_page) secret.touch_next();
    });
    state.SetIterationTime(spent);
    median.add(spent * 1e9);
    ++chases;
  }
  median.count(state);
  victim.wait_until_warm();
  if (victim.uncounted().empty())
    state.counters["dtlb_load_misses"] = static_cast<double>(victim.misses()) / chases;
}

}  // namespace

void register_refill() {
  const MissCounter counter;
  benchmark::AddCustomContext(
      "isolab_hardware_counters",
      counter.reason().empty() ? "dtlb_load_misses" : "not applicable: " + counter.reason());
  const std::pair<const char*, Flush> kinds[] = {
      {"none", Flush::none}, {"ipi", Flush::ipi}, {"kernel_page", Flush::kernel_page}};
  for (const std::size_t pages : {16U, 64U, 256U, 1024U, 1536U, 4096U})
    for (const auto& [name, flush] : kinds)
      benchmark::RegisterBenchmark(
          fmt::format("tlb_refill/after:{}/pages:{}", name, pages).c_str(),
          [=, kind = flush](benchmark::State& s) { refill(s, kind, pages); })
          ->UseManualTime()
          ->Iterations(kIterations);
}

}  // namespace isolab::ladder
