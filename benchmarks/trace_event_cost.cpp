// SPDX-License-Identifier: Apache-2.0
// trace_event_cost [ROUNDS]: what one trace event costs the CPU it happens on, and what part of a
// gap of 11 us the events of such a gap are. Each event is switched on alone in a separate tracefs
// instance, while something on the last CPU makes it happen: IPIs of membarrier and a timerfd's
// expiries, seen by a loop on the cycle counter as gaps, or two threads that wake each other. The
// cost is the difference to the same with no event on, in the same round, divided by the number of
// events the ring counted. Beside them, as the limit: a write to trace_marker with the ring on
// against one with the ring off, which is reserving and committing an event and nothing else.
// Medians over the rounds with the order statistics that hold them with 95 %. Needs root and two
// CPUs; runs one to two minutes. Leaves nothing.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "host/arch/cycles.h"
#include "host/clock.h"
#include "host/guard.h"
#include "host/os.h"
#include "host/state_directory.h"
#include "trace/live/capability.h"

namespace isolab {
namespace {

constexpr int kTimes = 1000;  // of what makes the events, in a round
constexpr double kGapNs = 11'000;

/// What makes events on the target: its median time in ticks, over kTimes.
using Stimulus = std::function<double(int target, const CpuSet& others)>;

void become_listener(int target) {
  // Without FIFO the figures are only noisier.
  if (pin_this_thread(CpuSet{target})) (void)set_this_thread_policy("fifo", 50);
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The longest gap around each membarrier, seen on the target.
double ipi_gap(int target, const CpuSet& others) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> longest{0}, turns{0};
  (void)pin_this_thread(others);
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  std::thread listener([&] {
    become_listener(target);
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
  std::vector<double> gaps;
  for (int i = 0; i < kTimes; ++i) {
    one_turn();
    longest = 0;
    one_turn();
    ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    one_turn();
    gaps.push_back(static_cast<double>(longest));
  }
  stop = true;
  listener.join();
  return median(std::move(gaps));
}

/// The longest gap after each of kTimes one-shot timers that the target itself arms.
double timer_gap(int target, const CpuSet&) {
  std::vector<double> gaps;
  std::thread listener([&] {
    become_listener(target);
    const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    const auto begin = read_clock_pair();
    sleep_for(std::chrono::milliseconds{20});
    const auto line = make_line(begin, read_clock_pair());
    const auto ticks = line.ticks(500'000);
    const itimerspec once{{0, 0}, {0, 300'000}};
    for (int i = 0; i < kTimes; ++i) {
      ::timerfd_settime(timer, 0, &once, nullptr);
      std::uint64_t last = read_cycles(), longest = 0;
      for (const auto until = last + ticks; last < until;) {
        const auto now = read_cycles();
        longest = std::max(longest, now - last);
        last = now;
      }
      gaps.push_back(static_cast<double>(longest));
    }
    ::close(timer);
  });
  listener.join();
  return median(std::move(gaps));
}

/// Two threads on the target hand a byte to and fro: one turn is two switches and two wake-ups.
double switch_turn(int target, const CpuSet&) {
  std::array<int, 2> there{}, back{};
  if (::pipe2(there.data(), O_CLOEXEC) != 0 || ::pipe2(back.data(), O_CLOEXEC) != 0) return 0;
  std::vector<double> turns;
  std::thread second([&] {
    become_listener(target);
    for (char byte = 0; ::read(there[0], &byte, 1) == 1 && ::write(back[1], &byte, 1) == 1;) {
    }
  });
  std::thread first([&] {
    become_listener(target);
    char byte = 1;
    for (int i = 0; i < kTimes; ++i) {
      const auto begin = read_cycles();
      if (::write(there[1], &byte, 1) != 1 || ::read(back[0], &byte, 1) != 1) break;
      turns.push_back(static_cast<double>(read_cycles() - begin));
    }
    ::close(there[1]);
  });
  first.join();
  second.join();
  for (const int fd : {there[0], back[0], back[1]}) ::close(fd);
  return turns.empty() ? 0 : median(std::move(turns));
}

struct Event {
  const char* name;
  std::vector<std::string> paths;  // under events/; those that the kernel has
  Stimulus make;
  double in_gap;  // how many of them a gap of an IPI holds, or of a timer, or of a task that ran
  bool stack = false;
};

std::vector<Event> events() {
  const std::vector<std::string> entry{"irq_vectors/call_function_single_entry",
                                       "irq_vectors/call_function_entry", "ipi/ipi_entry"},
      exit{"irq_vectors/call_function_single_exit", "irq_vectors/call_function_exit",
           "ipi/ipi_exit"};
  return {{"IPI entry", entry, ipi_gap, 1},
          {"IPI exit", exit, ipi_gap, 1},
          {"csd_function_entry", {"csd/csd_function_entry"}, ipi_gap, 1},
          {"csd_function_exit", {"csd/csd_function_exit"}, ipi_gap, 1},
          {"csd_function_entry, stack", {"csd/csd_function_entry"}, ipi_gap, 1, true},
          {"local_timer_entry", {"irq_vectors/local_timer_entry"}, timer_gap, 1},
          {"hrtimer_expire_entry", {"timer/hrtimer_expire_entry"}, timer_gap, 1},
          {"sched_switch", {"sched/sched_switch"}, switch_turn, 2},
          {"sched_waking", {"sched/sched_waking"}, switch_turn, 1},
          {"sched_waking, stack", {"sched/sched_waking"}, switch_turn, 1, true}};
}

class Bench {
 public:
  Bench(std::string tracefs, StateGuard& guard, const CpuSet& online)
      : path_(fmt::format("{}/instances/isolab_cost_{}", tracefs, ::getpid())),
        guard_(guard),
        target_(online.last().value_or(0)),
        others_(online - CpuSet{target_}) {}

  Result<void> set_up() {
    TRY(guard_.make_dir(path_));
    TRY(write("buffer_size_kb", "4096"));
    return write("tracing_on", "1");
  }

  /// Events of the list that this kernel has; the rest is named.
  Result<void> measure(int rounds) {
    for (auto& event : events()) {
      std::erase_if(event.paths, [&](const auto& path) {
        return !files_.read(fmt::format("{}/events/{}/enable", path_, path)).has_value();
      });
      if (event.paths.empty())
        fmt::print("{}: not applicable: this kernel has no such event\n", event.name);
      else
        rows_.push_back({event, {}, 0, 0});
    }
    const auto first = read_clock_pair();
    sleep_for(std::chrono::milliseconds{200});
    ns_per_tick_ = 1e9 / make_line(first, read_clock_pair()).ticks_per_second();
    for (int round = 0; round < rounds; ++round) {
      for (auto& row : rows_) TRY(one_round(row));
      markers_.push_back(TRY(marker_ns("1")) - TRY(marker_ns("0")));
      TRY(write("tracing_on", "1"));
    }
    return {};
  }

  void tell() const {
    fmt::print("{:<27} {:>8} {:>16} {:>11} {:>11} {:>14}\n", "event", "ns", "[95 %]", "bytes",
               "in a gap", "of 11 us");
    for (const auto& row : rows_) {
      const auto [value, low, high] = interval(row.costs);
      fmt::print("{:<27} {:>8.0f} {:>16} {:>11.0f} {:>11.0f} {:>12.2f} %\n", row.event.name, value,
                 fmt::format("[{:.0f}, {:.0f}]", low, high),
                 static_cast<double>(row.bytes) /
                     static_cast<double>(std::max<std::uint64_t>(row.entries, 1)),
                 row.event.in_gap, 100 * value * row.event.in_gap / kGapNs);
    }
    const auto [value, low, high] = interval(markers_);
    fmt::print("{:<27} {:>8.0f} {:>16}   the limit: an event reserved and committed, no more\n",
               "trace_marker", value, fmt::format("[{:.0f}, {:.0f}]", low, high));
  }

 private:
  struct Row {
    Event event;
    std::vector<double> costs;  // ns an event, one a round
    std::uint64_t entries = 0, bytes = 0;
  };
  struct Interval {
    double value, low, high;
  };

  Result<void> write(const std::string& name, const std::string& text) {
    return files_.write(path_ + "/" + name, text);
  }
  Result<void> switch_event(const Event& event, bool on) {
    for (const auto& path : event.paths) {
      if (event.stack)
        TRY(write(fmt::format("events/{}/trigger", path), on ? "stacktrace" : "!stacktrace"));
      TRY(write(fmt::format("events/{}/enable", path), on ? "1" : "0"));
    }
    return {};
  }
  Result<std::uint64_t> stat(const std::string& name) {
    const auto text = TRY(files_.read(fmt::format("{}/per_cpu/cpu{}/stats", path_, target_)));
    const auto at = text.find(name + ": ");
    if (at == std::string::npos) return Error{ErrorKind::parse, "no " + name + " in stats"};
    return std::strtoull(text.c_str() + at + name.size() + 2, nullptr, 10);
  }

  Result<void> one_round(Row& row) {
    const double base = row.event.make(target_, others_);
    TRY(write("trace", ""));
    TRY(switch_event(row.event, true));
    const auto before = TRY(stat("entries"));
    const double traced = row.event.make(target_, others_);
    const auto seen = TRY(stat("entries")) + TRY(stat("overrun")) - before;
    row.entries += seen;
    row.bytes += TRY(stat("bytes"));
    TRY(switch_event(row.event, false));
    // A stack is a separate event, and belongs to the cost of the one that it follows.
    const double events =
        std::round(static_cast<double>(seen) / (row.event.stack ? 2 : 1) / kTimes);
    if (events < 1)
      return Error{ErrorKind::io,
                   fmt::format("{} happened {} times in {}", row.event.name, seen, kTimes)};
    row.costs.push_back((traced - base) * ns_per_tick_ / events);
    return {};
  }

  /// Median of a write to the marker, with recording as `on` says.
  Result<double> marker_ns(const std::string& on) {
    TRY(write("tracing_on", on));
    const int fd = ::open((path_ + "/trace_marker").c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return errno_error("open trace_marker", errno);
    std::vector<double> times;
    for (int i = 0; i < kTimes; ++i) {
      const auto begin = read_cycles();
      if (::write(fd, "isolab", 6) < 0 && on == "1") break;
      times.push_back(static_cast<double>(read_cycles() - begin));
    }
    ::close(fd);
    if (times.empty()) return Error{ErrorKind::io, "trace_marker takes no text"};
    return median(std::move(times)) * ns_per_tick_;
  }

  static Interval interval(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto n = static_cast<double>(values.size());
    const double half = 1.96 * std::sqrt(n) / 2;
    const auto at = [&](double rank) {
      return values[static_cast<std::size_t>(std::clamp(std::floor(rank), 0.0, n - 1))];
    };
    return {at(n / 2), at(n / 2 - half), at(n / 2 + half)};
  }

  SystemFiles files_;
  std::string path_;
  StateGuard& guard_;
  int target_;
  CpuSet others_;
  double ns_per_tick_ = 1;
  std::vector<Row> rows_;
  std::vector<double> markers_;
};

Result<void> run(int rounds) {
  SystemFiles files;
  const auto facts = read_host_facts(files);
  const auto capability = find_trace_capability(files, facts);
  if (!capability.can_trace()) return Error{ErrorKind::unsupported, capability.reasons.front()};
  StateGuard guard(files, default_journal_dir());
  Bench bench(capability.tracefs, guard, facts.online);
  TRY(bench.set_up());
  TRY(bench.measure(rounds));
  bench.tell();
  return {};
}

}  // namespace
}  // namespace isolab

int main(int argc, char** argv) {
  const auto done = isolab::run(argc > 1 ? std::max(1, std::atoi(argv[1])) : 15);
  if (!done) fmt::print(stderr, "trace_event_cost: {}\n", done.error().text());
  return done ? 0 : 1;
}
