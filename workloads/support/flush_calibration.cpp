// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/flush_calibration.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <new>
#include <numeric>

#include "base/interrupts.h"
#include "host/process.h"

namespace isolab {
namespace {

constexpr int kTries = 5;
constexpr double kFlushesWanted = 2;
constexpr Nanos kSpinnerStarts = std::chrono::seconds(1);

/// A child that spins in user space on one CPU until this object goes.
class Spinner {
 public:
  static Result<Spinner> start(int cpu) {
    SharedMemory memory = TRY(SharedMemory::create(sizeof(std::atomic<bool>)));
    auto* const spins = new (memory.data()) std::atomic<bool>(false);
    Child child = TRY(Child::fork_into("spinner", CpuSet{cpu}, [spins] {
      while (true) spins->store(true, std::memory_order_relaxed);
      return 0;
    }));
    const auto deadline = std::chrono::steady_clock::now() + kSpinnerStarts;
    while (!spins->load()) {
      if (!child.running() || std::chrono::steady_clock::now() >= deadline)
        return Error{ErrorKind::unsupported, fmt::format("cannot run a process on CPU {}", cpu)};
      sleep_for(std::chrono::milliseconds(1));
    }
    return Spinner(std::move(memory), std::move(child));
  }
  Spinner(Spinner&&) = default;
  ~Spinner() { child_.signal(SIGKILL); }

 private:
  Spinner(SharedMemory memory, Child child)
      : memory_(std::move(memory)), child_(std::move(child)) {}
  SharedMemory memory_;
  Child child_;
};

/// The rows of function calls, as they are now.
Result<std::vector<CounterRow>> read_calls(const Files& files) {
  const std::string text = TRY(files.read("/proc/interrupts"));
  std::vector<CounterRow> rows = TRY(parse_interrupts(text));
  std::erase_if(rows, [](const CounterRow& row) { return row.kind != "function_call"; });
  if (rows.empty())
    return Error{ErrorKind::unsupported,
                 "cannot count function-call IPIs: /proc/interrupts has no row for them"};
  return rows;
}

/// The calling thread on one CPU, as long as this lives.
class PinnedTo {
 public:
  explicit PinnedTo(int cpu) : before_(this_thread_cpus()), done_(pin_this_thread(CpuSet{cpu})) {}
  PinnedTo(const PinnedTo&) = delete;
  PinnedTo& operator=(const PinnedTo&) = delete;
  ~PinnedTo() { (void)pin_this_thread(before_); }
  const Result<void>& done() const { return done_; }

 private:
  CpuSet before_;
  Result<void> done_;
};

struct Counts {
  std::vector<std::uint64_t> each;
  int cpu = 0;
};

/// An error of `operation` lands in `outcome`, one of the measurement is returned.
Result<Counts> count_calls(const WorkloadContext& context,
                           const std::function<Result<void>()>& operation, Result<void>& outcome) {
  TRY(read_calls(context.host.files));
  const CpuSet own = context.cpus.empty() ? this_thread_cpus() : context.cpus;
  if (own.empty()) return Error{ErrorKind::unsupported, "cannot choose a CPU for the operation"};
  const int here = *own.first();
  const PinnedTo pinned(here);
  TRY(pinned.done());
  std::optional<Error> why;
  std::vector<int> others(context.measured.begin(), context.measured.end());
  others.insert(others.end(), own.begin(), own.end());
  for (const int cpu : others) {
    if (cpu == here) continue;
    const auto spinner = Spinner::start(cpu);
    if (!spinner) {
      why = spinner.error();
      continue;
    }
    Counts counts{{}, cpu};
    for (int i = 0; i < kTries; ++i) {
      auto before = TRY(read_calls(context.host.files));
      outcome = operation();
      if (!outcome) return counts;
      std::uint64_t sum = 0;
      const auto rows = join_counters(std::move(before), TRY(read_calls(context.host.files)));
      for (const auto& row : rows) sum += row.gained(cpu);
      counts.each.push_back(sum);
    }
    return counts;
  }
  return why ? *why
             : Error{ErrorKind::unsupported, "cannot count on another CPU: there is only one"};
}

}  // namespace

KernelFlush judge_flush_counts(std::vector<std::uint64_t> counts, double flushes) {
  using By = KernelFlush::By;
  const std::string what =
      fmt::format("measured: {} function-call IPIs on another CPU around {:.3g} kernel flushes",
                  fmt::join(counts, ", "), flushes);
  if (counts.empty()) return {By::unknown, "nothing was measured"};
  std::sort(counts.begin(), counts.end());
  const std::uint64_t median = counts[counts.size() / 2];
  // Other work may call the CPU now and then; but where more than one flush in ten shows as an IPI,
  // the rest may be flushes that the kernel put off.
  const auto sum = static_cast<double>(std::accumulate(counts.begin(), counts.end(), 0ull));
  if (median == 0 && 10 * sum <= flushes * static_cast<double>(counts.size()))
    return {By::broadcast, what};
  if (static_cast<double>(median) >= flushes / 2) return {By::interrupt, what};
  return {By::unknown, what};
}

Result<void> run_and_calibrate(const WorkloadContext& context, double flushes,
                               const std::function<Result<void>()>& operation) {
  const KernelFlush& known = context.host.facts.kernel_flush;
  if (flushes <= 0 || known.by != KernelFlush::By::unknown) return operation();
  const double operations = std::max(1.0, std::ceil(kFlushesWanted / flushes));
  const auto several = [&]() -> Result<void> {
    for (double i = 0; i < operations; ++i) TRY(operation());
    return {};
  };
  Result<void> outcome;
  const auto counts = count_calls(context, several, outcome);
  if (!outcome) return outcome;
  if (!counts) {
    context.note(kKernelFlushNote,
                 KernelFlush{KernelFlush::By::unknown,
                             known.source + "; not measured: " + counts.error().what}
                     .text());
    return operation();
  }
  KernelFlush measured = judge_flush_counts(counts->each, operations * flushes);
  measured.source += fmt::format(" in the dry run, because {}", known.source);
  context.note(kKernelFlushNote, measured.text());
  return {};
}

}  // namespace isolab
