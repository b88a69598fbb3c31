// SPDX-License-Identifier: Apache-2.0
// ladder [--measured=CPU] [--housekeeping=CPU] [options of Google Benchmark]
// Needs: root for some steps. Leaves behind: split pages of the direct map, until the next boot.
#include "benchmarks/ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "host/facts/facts.h"
#include "host/files.h"
#include "host/guard.h"
#include "host/os.h"

namespace isolab::ladder {
namespace {

Machine g_machine;

/// "--name=3" among the arguments, taken out of them.
Result<int> take_cpu(int& argc, char** argv, const std::string& name, int fallback) {
  const std::string prefix = "--" + name + "=";
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], prefix.c_str(), prefix.size()) != 0) continue;
    const auto cpus = CpuSet::parse(argv[i] + prefix.size());
    if (!cpus || cpus->count() != 1)
      return Error{ErrorKind::usage, fmt::format("{} is not one CPU", argv[i])};
    std::rotate(argv + i, argv + i + 1, argv + argc);
    --argc;
    return *cpus->begin();
  }
  return fallback;
}

Result<void> choose_cpus(int& argc, char** argv) {
  SystemFiles files;
  const auto word = [&](const char* path) {
    const auto text = files.read(path);
    const auto cpus = text ? CpuSet::parse(*text) : Result<CpuSet>(CpuSet{});
    return cpus ? *cpus : CpuSet{};
  };
  const CpuSet online = word("/sys/devices/system/cpu/online");
  const CpuSet isolated = word("/sys/devices/system/cpu/isolated");
  std::vector<int> all(online.begin(), online.end());
  if (all.empty()) return Error{ErrorKind::io, "cannot read which CPUs are online"};
  Machine chosen;
  chosen.measured =
      TRY(take_cpu(argc, argv, "measured", isolated.empty() ? all.back() : *isolated.begin()));
  const auto free = std::find_if(all.begin(), all.end(), [&](int cpu) {
    return cpu != chosen.measured && !isolated.contains(cpu);
  });
  chosen.driver =
      TRY(take_cpu(argc, argv, "housekeeping", free == all.end() ? all.front() : *free));
  if (chosen.driver == chosen.measured)
    chosen.refusal = "no second CPU to send to";
  else
    chosen.others.push_back(chosen.measured);
  for (const int cpu : all)
    if (cpu != chosen.driver && cpu != chosen.measured) chosen.others.push_back(cpu);
  benchmark::AddCustomContext("isolab_measured_cpu", std::to_string(chosen.measured));
  benchmark::AddCustomContext("isolab_housekeeping_cpu", std::to_string(chosen.driver));
  benchmark::AddCustomContext("isolab_cpus_online", online.list());
  const auto cpuinfo = files.read("/proc/cpuinfo");
  benchmark::AddCustomContext(
      "isolab_hypervisor",
      cpuinfo && cpuinfo->find(" hypervisor") != std::string::npos
          ? "yes: IPIs and flushes may leave the guest; times are not those of bare metal"
          : "none seen");
  set_machine(chosen);
  return pin_this_thread(CpuSet{chosen.driver});
}

}  // namespace

const Machine& machine() { return g_machine; }
void set_machine(Machine machine) { g_machine = std::move(machine); }

void skip(benchmark::State& state, const std::string& reason) {
  state.SkipWithError(("not applicable: " + reason).c_str());
}
void skip(benchmark::State& state, const Error& error) { skip(state, error.what); }

void Median::count(benchmark::State& state) {
  if (spent_ns_.empty()) return;
  const auto middle = spent_ns_.begin() + static_cast<std::ptrdiff_t>(spent_ns_.size() / 2);
  std::nth_element(spent_ns_.begin(), middle, spent_ns_.end());
  state.counters["median_ns"] = *middle;
}

void repeat(benchmark::State& state, const Step& step) {
  Median median;
  for (auto round : state) {
    (void)round;
    if (const auto ready = step.prepare(); !ready) {
      skip(state, ready.error());
      return;
    }
    const std::uint64_t begin = mono_raw_ns();
    step.op();
    const auto spent = static_cast<double>(mono_raw_ns() - begin);
    state.SetIterationTime(spent / 1e9);
    median.add(spent);
    step.clean_up();
  }
  median.count(state);
}

Peers::Peers(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    slots_.push_back(std::make_unique<Slot>());
    threads_.emplace_back([this, slot = slots_.back().get(), cpu = machine().others[i]] {
      (void)pin_this_thread(CpuSet{cpu});
      while (!stop_.load(std::memory_order_relaxed))
        slot->rounds.fetch_add(1, std::memory_order_relaxed);
    });
  }
}

Peers::~Peers() {
  stop_ = true;
  for (auto& thread : threads_) thread.join();
}

void Peers::wait_until_running() const {
  for (const auto& slot : slots_) {
    const std::uint64_t seen = slot->rounds.load(std::memory_order_relaxed);
    while (slot->rounds.load(std::memory_order_relaxed) == seen) {
    }
  }
}

Result<Child> start_bystander() {
  return Child::fork_into("bystander", CpuSet{machine().measured}, [] {
    for (std::atomic<std::uint64_t> rounds{0};;) rounds.fetch_add(1, std::memory_order_relaxed);
    return 0;
  });
}

}  // namespace isolab::ladder

int main(int argc, char** argv) {
  using namespace isolab;
  if (const auto chosen = ladder::choose_cpus(argc, argv); !chosen) {
    fmt::print(stderr, "ladder: {}\n", chosen.error().text());
    return 1;
  }
  ladder::register_primitives();
  ladder::register_flushes();
  ladder::register_shootdowns();
  ladder::register_refill();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
