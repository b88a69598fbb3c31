// SPDX-License-Identifier: Apache-2.0
// Attribution's own speed, on synthetic traces (every remote call is what one membarrier leaves:
// queue, stack and send on CPU 0, IPI, callback and their ends on CPU 1, one gap): events a second
// through pages, merge and attribution, on one and on two threads; time and memory for the findings
// of 20 minutes at 1000 IPIs/s, with 300 gaps a second in which the kernel saw nothing.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <random>

#include "analysis/analyse.h"
#include "analysis/attribution/attribution.h"
#include "analysis/attribution/classes.h"
#include "analysis/attribution/in_order.h"
#include "analysis/model/findings.h"
#include "tests/support/trace_builder.h"

namespace isolab {
namespace {

constexpr std::uint64_t kFunction = 0x1000, kCallsite = 0x2000;
constexpr std::uint64_t kTicksPerSecond = 2'000'000'000;

struct Synthetic {
  std::map<int, std::vector<std::byte>> pages;
  std::vector<Gap> gaps;
  std::uint64_t end = 0;
  std::uint64_t events = 0;
};

/// `calls` IPIs, `spacing` ticks apart, a tick of the scheduler with every fourth.
Synthetic make_synthetic(std::uint64_t calls, std::uint64_t spacing) {
  Synthetic out;
  test::TraceBuilder make;
  const std::vector<std::uint64_t> frames{0x3000, 0x3010, 0x3020, 0x3030,
                                          0x3040, 0x3050, 0x3060, 0x3070};
  for (std::uint64_t i = 1; i <= calls; ++i) {
    const auto t = i * spacing;
    const auto csd = 0xffff0000 + 64 * (i % 8);
    make.queue(0, t, 1, kCallsite, kFunction, csd);
    make.stack(0, t + 100, frames);
    make.send(0, t + 200, 1, kCallsite, 0x9000);
    make.call_ipi(1, t + 2000);
    make.callback(1, t + 2100, kFunction, csd);
    make.call_ipi_end(1, t + 2300);
    out.events += 7;
    if (i % 4 == 0) {
      make.tick(1, t + 2400);
      make.tick_end(1, t + 2600);
      out.events += 2;
    }
    out.gaps.push_back({t + 1000, 2000});
  }
  out.end = (calls + 1) * spacing;
  out.pages = make.take();
  return out;
}

/// A tick of 100 Hz and 200 gaps a second at random, in the pauses between the IPIs.
void add_silent(Synthetic& made) {
  std::mt19937_64 random(1);
  const auto seconds = made.end / kTicksPerSecond;
  for (std::uint64_t i = 0; i < seconds * 100; ++i)
    made.gaps.push_back({i * (kTicksPerSecond / 100) + 20'000, 50'000});
  for (std::uint64_t i = 0; i < seconds * 200; ++i)
    made.gaps.push_back(
        {random() % (seconds * 1000) * (kTicksPerSecond / 1000) + 100'000 + random() % 1'800'000,
         4'000});
  std::sort(made.gaps.begin(), made.gaps.end(),
            [](const Gap& a, const Gap& b) { return a.start < b.start; });
}

TraceDirectory make_directory() {
  TraceDirectory trace;
  trace.formats = test::made_formats();
  trace.symbols = {{kFunction, "ipi_mb+0x0/0x10"}, {kCallsite, "smp_call_function_many+0x1/0x2"}};
  trace.comms = {{100, "generator"}};
  return trace;
}

/// One window through pages, merge and attribution; how many calls were joined.
std::uint64_t attribute_once(const Synthetic& made, const TraceDirectory& trace,
                             const Classifier& rules) {
  TraceMeta meta;
  meta.clock = "x86-tsc";
  meta.end = made.end;
  Attribution attribution(trace, meta, rules, {{1, 0, made.end, 2000, made.gaps}});
  std::vector<CpuReader> readers;
  for (const auto& [cpu, bytes] : made.pages)
    readers.emplace_back(bytes, cpu, trace.formats.layout);
  merge_cpus(std::move(readers), [&](const TraceEvent& event) { attribution.add(event); });
  attribution.finish();
  return attribution.cpus()[0].callbacks_joined;
}

/// Four windows on as many threads as the argument says: what find_interruptions() does.
void attribution_events_per_second(benchmark::State& state) {
  constexpr std::size_t kWindows = 4, kCalls = 250'000;
  const auto made = make_synthetic(kCalls, 20'000);
  const auto trace = make_directory();
  const auto rules = Classifier::create(builtin_class_rules(), "x86_64", "6.18.0");
  if (!rules) return state.SkipWithError("the rules do not compile");
  for (auto unused : state) {
    bool joined = true;
    in_order(
        kWindows, static_cast<std::size_t>(state.range(0)),
        [&](std::size_t) { return attribute_once(made, trace, *rules); },
        [&](std::size_t, std::uint64_t calls) { joined = joined && calls == kCalls; });
    if (!joined) return state.SkipWithError("not every call was joined");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(kWindows * made.events) *
                          static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(attribution_events_per_second)
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

/// A synthetic recording of 20 minutes on disk; removed at the end.
class SyntheticRecording {
 public:
  SyntheticRecording()
      : directory_(std::filesystem::temp_directory_path() /
                   fmt::format("isolab-synthetic-{}", ::getpid())) {
    auto made = make_synthetic(1'200'000, kTicksPerSecond / 1000);
    add_silent(made);
    const auto trace = make_directory();
    test::write_trace_directory(directory_ / "windows/000/trace", made.pages, trace.symbols,
                                trace.comms);
    recording_.directory = directory_;
    recording_.window_directories = {"windows/000"};
    recording_.plan.name = "synthetic";
    recording_.plan.measured = {1};
    recording_.plan.housekeeping = {0};
    recording_.plan.arms = {{"synthetic", {{"membarrier", {}}}, {}, {}, ""}};
    recording_.plan.windows = {{0, 0}};
    recording_.facts = {{"kernel.arch", "x86_64"}, {"kernel.release", "6.18.0"}};
    recording_.manifest.status = "complete";
    WindowRecord window;
    window.status = "complete";
    window.end_ns = made.end / 2;
    window.probe.probe = "busy_loop";
    window.probe.kind = "gap";
    window.probe.line = {"tsc", 0, made.end, 0, made.end / 2, 0, 0};
    ProbeCpu cpu;
    cpu.cpu = 1;
    cpu.end = made.end;
    cpu.threshold = 1000;
    for (const auto& gap : made.gaps) cpu.histogram.add(gap.length);
    cpu.gaps = std::move(made.gaps);
    window.probe.cpus = {std::move(cpu)};
    TraceMeta meta;
    meta.level = "A";
    meta.clock = "x86-tsc";
    meta.end = made.end;
    meta.line = window.probe.line;
    meta.write(window.notes);
    recording_.windows = {std::move(window)};
  }
  ~SyntheticRecording() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  const Recording& get() const { return recording_; }

 private:
  std::filesystem::path directory_;
  Recording recording_;
};

/// The process's memory at its highest since reset, in MiB; -1 where /proc does not say.
double peak_memory(bool reset) {
  if (reset) std::ofstream("/proc/self/clear_refs") << 5;
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kib = 0; word == "VmHWM:" && status >> kib) return kib / 1024;
  return -1;
}

void findings_of_20_minutes(benchmark::State& state) {
  const SyntheticRecording synthetic;
  peak_memory(true);
  for (auto unused : state) {
    const auto findings = analyse(synthetic.get());
    if (findings.interruptions.cpus.empty()) return state.SkipWithError("nothing was attributed");
    benchmark::DoNotOptimize(findings);
  }
  state.counters["peak_MiB"] = peak_memory(false);
}
BENCHMARK(findings_of_20_minutes)->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace
}  // namespace isolab

BENCHMARK_MAIN();
