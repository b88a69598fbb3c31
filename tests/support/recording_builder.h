// SPDX-License-Identifier: Apache-2.0
// Recordings made by hand, with round numbers: a counter of 2 GHz, a loop of 25 ns, CPU 1 measured
// and CPU 0 for the noise. What a test expects can be worked out on paper.
#pragma once

#include "results/recording.h"

namespace isolab::test {

inline constexpr std::uint64_t kTicksPerUs = 2000;
inline constexpr std::uint64_t kRoundTicks = 50;
inline constexpr std::uint64_t kStart = 1'000'000;

inline TickLine two_gigahertz() { return {"tsc", 0, 2'000'000'000, 0, 1'000'000'000, 0.1, 0.2}; }

/// A busy loop that ran `seconds` and had these gaps, evenly spread; all logged.
inline ProbeCpu busy_cpu(int cpu, double seconds, const std::vector<double>& gaps_us) {
  ProbeCpu out;
  out.cpu = cpu;
  out.start = kStart;
  out.end = kStart + static_cast<std::uint64_t>(seconds * 2e9);
  out.threshold = kTicksPerUs;
  std::uint64_t lost = 0;
  std::uint64_t longest = kRoundTicks;
  for (std::size_t i = 0; i < gaps_us.size(); ++i) {
    const auto length = static_cast<std::uint64_t>(gaps_us[i] * static_cast<double>(kTicksPerUs));
    const auto at = (out.end - out.start) / (gaps_us.size() + 1) * (i + 1);
    out.gaps.push_back({out.start + at, length});
    out.histogram.add(length);
    lost += length;
    longest = std::max(longest, length);
  }
  out.histogram.add(kRoundTicks, (out.end - out.start - lost) / kRoundTicks);
  out.numbers = {{"iterations", static_cast<double>(out.histogram.total())},
                 {"floor_ns", 25},
                 {"tick_ns", 0.5},
                 {"longest_ticks", static_cast<double>(longest)},
                 {"backward_steps", 0},
                 {"sum_error_ticks", 0},
                 {"wall_error_ppm", 0.01}};
  return out;
}

/// A row that grew by `growth` on CPU 1 and by 5 on CPU 0.
inline CounterRow grown_row(std::string id, std::string label, std::string kind,
                            std::uint64_t growth) {
  return {std::move(id),
          std::move(label),
          std::move(kind),
          {{0, 100}, {1, 1000}},
          {{0, 105}, {1, 1000 + growth}}};
}
inline CounterRow calls(std::uint64_t growth) {
  return grown_row("CAL", "Function call interrupts", "function_call", growth);
}
inline CounterRow shootdowns(std::uint64_t growth) {
  return grown_row("TLB", "TLB shootdowns", "tlb", growth);
}

/// Work whose operations grew by `ops` in the window.
inline WorkRecord work_of(std::string name, std::uint64_t ops, double expected, std::string row) {
  WorkRecord out;
  out.workload = std::move(name);
  out.at_warmup = {{"toggles", 0}};
  out.at_start = {{"toggles", 50}};
  out.at_end = {{"toggles", 50 + ops}};
  out.user_seconds = 0.5;
  out.system_seconds = 1.5;
  out.op_count = "toggles";
  out.expected_ipis_per_op = expected;
  out.expected_row = std::move(row);
  return out;
}

class RecordingBuilder {
 public:
  RecordingBuilder() {
    auto& manifest = recording_.manifest;
    manifest.version = "0.1.0";
    manifest.status = "complete";
    manifest.started_utc = "2026-11-20T14:00:00Z";
    manifest.ended_utc = "2026-11-20T14:01:30Z";
    manifest.command_line = {"isolab", "run", "profiles/hand.yaml"};
    auto& plan = recording_.plan;
    plan.name = "hand";
    plan.question = "do the numbers come out?";
    plan.profile_hash = "0123456789abcdef";
    plan.measured = {1};
    plan.housekeeping = {0};
    plan.measured_why = "the kernel's isolated CPUs";
    plan.measured_isolated = true;
    plan.probe = {"busy_loop", {}};
    plan.measure = std::chrono::seconds(10);
    plan.warmup = std::chrono::seconds(1);
    plan.order = "interleaved";
    recording_.facts = {{"cpu.hypervisor", "none"},
                        {"cpu.model", "Hand Made CPU"},
                        {"cpu.online", "0-1"},
                        {"kernel.release", "6.12.1"},
                        {"kernel.command_line", "isolcpus=1"}};
    recording_.facts_after = recording_.facts;
  }

  int arm(const std::string& name, const std::vector<std::string>& workloads = {}) {
    Arm one;
    one.name = name;
    for (const auto& workload : workloads) one.workloads.push_back({workload, {}});
    recording_.plan.arms.push_back(std::move(one));
    return static_cast<int>(recording_.plan.arms.size()) - 1;
  }

  /// A complete window of the arm, 10 s long, in which CPU 1 had these gaps.
  WindowRecord& window(int arm, const std::vector<double>& gaps_us) {
    int repeat = 0;
    for (const auto& planned : recording_.plan.windows) repeat += planned.arm == arm;
    recording_.plan.windows.push_back({arm, repeat});
    recording_.plan.repeats = std::max(recording_.plan.repeats, repeat + 1);
    WindowRecord out;
    out.index = static_cast<int>(recording_.plan.windows.size()) - 1;
    out.arm = arm;
    out.repeat = repeat;
    out.status = "complete";
    out.begin_ns = 5'000'000'000;
    out.end_ns = 15'000'000'000;
    out.probe.probe = "busy_loop";
    out.probe.kind = "gap";
    out.probe.line = two_gigahertz();
    out.probe.cpus = {busy_cpu(1, 10, gaps_us)};
    out.cpu_times = {{0, 1, 2, 0, 0, 0, 7}, {1, 9.9, 0.1, 0, 0, 0, 0}};
    out.footprints = {{1, 0, 0, 0, 0}};
    recording_.windows.push_back(std::move(out));
    return recording_.windows.back();
  }

  Recording& recording() { return recording_; }

 private:
  Recording recording_;
};

}  // namespace isolab::test
