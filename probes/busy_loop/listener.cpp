// SPDX-License-Identifier: Apache-2.0
#include "probes/busy_loop/listener.h"

#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <new>

#include "base/counters.h"
#include "host/cgroup.h"
#include "host/files.h"
#include "host/os.h"

namespace isolab {
namespace {

constexpr std::size_t kStackBytes = 256 * 1024;  // locked by mlockall, so not the usual 8 MiB
constexpr std::size_t kFloorRuns = 101;
constexpr std::uint64_t kFloorRounds = 1000;
constexpr auto kLeaveLimit = std::chrono::milliseconds(200);
constexpr auto kRetireLimit = std::chrono::seconds(2);

// Kept out of line, each under its own name: what the disassembly test reads is what runs.
[[gnu::noinline]] LoopTotals listen_fenced(std::uint64_t start, const LoopLimits& limits,
                                           Histogram& histogram, GapLog& log,
                                           const std::atomic<std::uint32_t>& stop) {
  return listen<FencedCounter>(start, limits, histogram, log, StopWord{&stop});
}

[[gnu::noinline]] LoopTotals listen_unfenced(std::uint64_t start, const LoopLimits& limits,
                                             Histogram& histogram, GapLog& log,
                                             const std::atomic<std::uint32_t>& stop) {
  return listen<UnfencedCounter>(start, limits, histogram, log, StopWord{&stop});
}

Footprint thread_footprint(int cpu) {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return {cpu, static_cast<std::uint64_t>(usage.ru_nvcsw),
          static_cast<std::uint64_t>(usage.ru_nivcsw), static_cast<std::uint64_t>(usage.ru_minflt),
          static_cast<std::uint64_t>(usage.ru_majflt)};
}

}  // namespace

Result<std::shared_ptr<Listener>> Listener::create(int cpu, const ListenerSettings& settings) {
  std::shared_ptr<Listener> listener(new Listener(cpu, settings));

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  // Signals to the process belong to its main thread: a handler on a measured CPU would be a gap.
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  auto* keep = new std::shared_ptr<Listener>(listener);
  const int failed = pthread_create(&listener->thread_, &attributes, thread_main, keep);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  pthread_attr_destroy(&attributes);
  if (failed != 0) {
    delete keep;
    return errno_error(fmt::format("cannot start the thread of the busy loop for CPU {}", cpu),
                       failed);
  }
  listener->thread_made_ = true;

  std::unique_lock lock(listener->mutex_);
  const bool answered = listener->changed_.wait_for(lock, std::chrono::seconds(30),
                                                    [&] { return listener->set_up_done_; });
  std::optional<Error> error = listener->set_up_error_;
  lock.unlock();
  if (!answered) {
    error = Error{ErrorKind::busy,
                  fmt::format("the thread of the busy loop did not run on CPU {} for 30 s", cpu),
                  "does a real-time task occupy that CPU?"};
  }
  if (error) {
    retire(listener);
    return *std::move(error);
  }
  return listener;
}

void Listener::retire(const std::shared_ptr<Listener>& listener) {
  if (!listener || !listener->thread_made_) return;
  {
    std::lock_guard lock(listener->mutex_);
    listener->order_ = Order::quit;
    listener->changed_.notify_all();
  }
  timespec limit{};
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += kRetireLimit.count();
  // A thread that cannot run keeps its own reference and frees itself when it can.
  if (pthread_timedjoin_np(listener->thread_, nullptr, &limit) != 0)
    pthread_detach(listener->thread_);
  listener->thread_made_ = false;
}

Listener::~Listener() {
  if (memory_ != nullptr) munmap(memory_, mapped_);
}

void* Listener::thread_main(void* argument) {
  auto* keep = static_cast<std::shared_ptr<Listener>*>(argument);
  const std::shared_ptr<Listener> self = std::move(*keep);
  delete keep;
  const Result<void> ready = self->set_up();
  {
    std::lock_guard lock(self->mutex_);
    if (!ready) self->set_up_error_ = ready.error();
    self->set_up_done_ = true;
    self->changed_.notify_all();
  }
  if (ready) self->serve();
  return nullptr;
}

Result<void> Listener::set_up() {
  pthread_setname_np(pthread_self(), fmt::format("busy_loop/{}", cpu_).c_str());
  if (!settings_.cgroup.empty()) {
    SystemFiles files;
    TRY(enter_cgroup_as_thread(files, settings_.cgroup));
  }
  TRY(pin_this_thread(CpuSet{cpu_}));
  TRY(set_this_thread_policy(settings_.policy, settings_.priority));
  TRY(map_memory());
  measure_floor();
  return {};
}

Result<void> Listener::map_memory() {
  const std::size_t log_bytes = settings_.log_capacity * sizeof(Gap);
  mapped_ = sizeof(Memory) + log_bytes;
  void* place = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (place == MAP_FAILED) {
    return errno_error(fmt::format("cannot map {} bytes of gap log for CPU {}", mapped_, cpu_),
                       errno, "lower log_capacity");
  }
  memory_ = new (place) Memory{};
  static_assert(sizeof(Memory) % alignof(Gap) == 0);
  log_.entries = reinterpret_cast<Gap*>(static_cast<char*>(place) + sizeof(Memory));
  log_.capacity = settings_.log_capacity;
  madvise(place, mapped_, MADV_NOHUGEPAGE);  // EINVAL without THP in the kernel: nothing to avoid
  std::fill_n(log_.entries, log_.capacity, Gap{});
  // Every page has been touched. Without the right to keep them one may still be reclaimed, which
  // costs a fault that the footprint counts.
  if (mlock(place, mapped_) != 0)
    lock_problem_ =
        errno_error(fmt::format("cannot lock {} bytes of gap log (`ulimit -l`)", mapped_), errno)
            .what;
  return {};
}

void Listener::measure_floor() {
  std::array<double, kFloorRuns> means{};
  const LoopLimits everything_is_floor{0, ~std::uint64_t{0} >> 1, ~std::uint64_t{0} >> 1};
  GapLog no_log;
  for (auto& mean : means) {
    const CountStop stop{kFloorRounds};
    const LoopTotals totals =
        settings_.fenced ? listen<FencedCounter>(read_cycles(), everything_is_floor,
                                                 memory_->histogram, no_log, CountStop{stop})
                         : listen<UnfencedCounter>(read_cycles(), everything_is_floor,
                                                   memory_->histogram, no_log, CountStop{stop});
    mean = static_cast<double>(totals.sum) / static_cast<double>(totals.iterations);
  }
  std::nth_element(means.begin(), means.begin() + kFloorRuns / 2, means.end());
  floor_ticks_ = means[kFloorRuns / 2];
  floor_limit_ =
      std::max<std::uint64_t>(2, static_cast<std::uint64_t>(std::ceil(2 * floor_ticks_)));
}

void Listener::listen_in(std::shared_ptr<ListenerRound> round, std::uint64_t threshold) {
  std::lock_guard lock(mutex_);
  started_.store(0);
  finished_.store(0);
  threshold_ = threshold;
  round_ = std::move(round);
  order_ = Order::listen;
  changed_.notify_all();
}

void Listener::serve() {
  for (;;) {
    std::shared_ptr<ListenerRound> round;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return order_ != Order::none; });
      if (order_ == Order::quit) return;
      order_ = Order::none;
      round = std::move(round_);
    }
    run_window(*round);
    finished_.store(1, std::memory_order_release);
  }
}

void Listener::run_window(ListenerRound& round) {
  heard_ = {};
  memory_->histogram = Histogram{};
  log_.size = 0;
  log_.dropped = 0;
  LoopLimits limits;
  limits.floor = static_cast<std::uint64_t>(std::llround(floor_ticks_));
  limits.floor_limit = floor_limit_;
  limits.threshold = threshold_;
  heard_.before = read_clock_pair();

  round.arrived.fetch_add(1);
  while (round.arrived.load(std::memory_order_relaxed) < round.listeners) {
    if (round.given_up.load(std::memory_order_relaxed) != 0) return;
    cpu_relax();
  }

  const Footprint before = thread_footprint(cpu_);
  // First the reading, then the report that this thread measures: a preemption between the two is
  // a recorded gap.
  const std::uint64_t start = read_cycles();
  started_.store(1, std::memory_order_release);
  heard_.totals = settings_.fenced
                      ? listen_fenced(start, limits, memory_->histogram, log_, *round.stop)
                      : listen_unfenced(start, limits, memory_->histogram, log_, *round.stop);
  const Footprint after = thread_footprint(cpu_);

  // Going to sleep means kernel work that could disturb a peer that still measures: wait for all of
  // them.
  round.left.fetch_add(1);
  const auto patience = std::chrono::steady_clock::now() + kLeaveLimit;
  while (round.left.load(std::memory_order_relaxed) < round.listeners &&
         std::chrono::steady_clock::now() < patience) {
    cpu_relax();
  }
  heard_.after = read_clock_pair();
  heard_.footprint = footprint_gain(before, after);
  heard_.ended_on_cpu = sched_getcpu();
}

}  // namespace isolab
