// SPDX-License-Identifier: Apache-2.0
// Recordings that show everything a report can say.
#pragma once

#include "tests/support/recorded_warning.h"
#include "tests/support/recording_builder.h"

namespace isolab::test {

inline std::vector<CounterRow> rows(std::uint64_t call, std::uint64_t tlb, std::uint64_t timer) {
  return {calls(call), shootdowns(tlb),
          grown_row("RES", "Rescheduling interrupts", "reschedule", 1),
          grown_row("LOC", "Local timer interrupts", "timer", timer),
          grown_row("24", "PCI-MSI 65536-edge nvme0q1", "device", call / 100)};
}

/// Four arms that ran, one that could not, a budget of each outcome and a handful of warnings.
inline Recording busy_loop_recording() {
  RecordingBuilder builder;
  auto& plan = builder.recording().plan;
  const int idle = builder.arm("idle");
  const int toggle = builder.arm("static_key_toggle", {"static_key_toggle"});
  const int map = builder.arm("direct_map", {"direct_map"});
  const int build = builder.arm("kernel_build jobs=200% target=kernel/", {"kernel_build"});
  plan.arms[static_cast<std::size_t>(builder.arm("kfence", {"kfence_sampling"}))].not_applicable =
      "kfence_sampling: this kernel was built without CONFIG_KFENCE";
  plan.budgets = {{"gap_max", "", 100, "100us", "a frame of the radio is 125 us"},
                  {"gaps_over_50us", "idle", 200, "200/h", "one retransmission in 18 s"},
                  {"time_lost", "idle", 5, "5", "half a percent of a core is too much"}};
  for (int repeat = 0; repeat < 2; ++repeat) {
    builder.window(idle, {2, 3.5, 12}).interrupts = rows(10, 0, 400);
    auto& toggled = builder.window(toggle, std::vector<double>(30, 2.5));
    toggled.interrupts = rows(3010, 0, 410);
    toggled.work = {work_of("static_key_toggle", 1000, 3, "function_call")};
    auto& mapped = builder.window(map, {2, 8, 30, 160});
    mapped.interrupts = rows(2010, 2000, 390);
    mapped.work = {work_of("direct_map", 1000, 1, "tlb")};
    mapped.work.front().notes = {{"direct_map_level2_splits.before", "10"},
                                 {"direct_map_level2_splits.after", "12"}};
    mapped.footprints = {{1, 0, 3, 0, 0}};
    auto& built = builder.window(build, {2, 3});
    built.interrupts = rows(11, 0, 405);
    built.work = {work_of("kernel_build", 30 + static_cast<std::uint64_t>(repeat), -1, "")};
  }
  auto& manifest = builder.recording().manifest;
  manifest.warnings = {
      recorded_warning("fair_server_active", "the fair server has 50 ms a second on CPU 1",
                       "it takes the CPU from a FIFO probe", "use the policy other")};
  manifest.changed = {"/proc/sys/kernel/bpf_stats_enabled: 0 -> 1 (restored)"};
  return builder.recording();
}

/// Wake-up latencies of two CPUs, one of which missed periods.
inline Recording cyclictest_recording() {
  RecordingBuilder builder;
  builder.recording().plan.measured = {1, 2};
  builder.recording().plan.measured_isolated = false;
  builder.recording().plan.measured_why = "the last two CPUs, since the kernel isolates none";
  builder.recording().plan.probe = {"cyclictest", {}};
  builder.recording().facts["cpu.hypervisor"] = "KVM";
  builder.recording().facts_after = builder.recording().facts;
  const auto cpu = [](int number, std::uint64_t late_ns) {
    ProbeCpu out;
    out.cpu = number;
    out.end = 10'000'000'000;
    out.histogram.add(3000, 9990);
    out.histogram.add(late_ns, 5);
    out.corrected = out.histogram;
    out.corrected.add(late_ns / 2, 5);
    out.numbers = {{"missed_periods", 5}};
    return out;
  };
  for (const char* name : {"idle", "hackbench"}) {
    const bool busy = std::string(name) == "hackbench";
    const int arm = builder.arm(
        name, busy ? std::vector<std::string>{"hackbench"} : std::vector<std::string>{});
    auto& window = builder.window(arm, {});
    window.probe.probe = "cyclictest";
    window.probe.kind = "wakeup";
    window.probe.line = {"ns", 0, 0, 0, 0, 0, 0};
    window.probe.cpus = {cpu(1, busy ? 55'000 : 9'000), cpu(2, busy ? 120'000 : 8'000)};
    window.interrupts = {calls(2)};
    window.cpu_times[1].steal = 0.25;
  }
  return builder.recording();
}

/// Ctrl-C in the third of four windows; the second failed.
inline Recording cut_short_recording() {
  RecordingBuilder builder;
  builder.recording().plan.probe = {"none", {}};
  const int idle = builder.arm("idle");
  const int noise = builder.arm("noise", {"command"});
  builder.window(idle, {}).interrupts = rows(10, 0, 400);
  auto& failed = builder.window(noise, {});
  failed.status = "failed: command: exited with status 3";
  failed.work = {work_of("command", 0, -1, "")};
  failed.work.front().error = "exited with status 3";
  builder.window(idle, {}).status = "interrupted";
  builder.recording().plan.windows.push_back({noise, 1});
  for (auto& window : builder.recording().windows) window.probe = {};
  builder.recording().manifest.status = "interrupted";
  builder.recording().facts_after["kernel.nmi_watchdog"] = "1";
  builder.recording().facts["kernel.nmi_watchdog"] = "0";
  return builder.recording();
}

}  // namespace isolab::test
