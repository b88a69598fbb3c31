// SPDX-License-Identifier: Apache-2.0
// A plan and a window with every field set to something of its own, so that a field that is lost or
// swapped on the way to disk and back shows.
#pragma once

#include <limits>

#include "results/recording.h"
#include "tests/support/recorded_warning.h"

namespace isolab::test {

inline Plan sample_plan() {
  Plan plan;
  plan.name = "sample";
  plan.question = "does \"it\" come back? \xc3\xa4\n";
  plan.profile_hash = "c0ffee";
  plan.measured = {1, 3};
  plan.housekeeping = {0, 2};
  plan.measured_why = "the kernel's isolated CPUs";
  plan.measured_isolated = true;
  plan.probe = {"busy_loop", {{"threshold", {"100us"}}, {"policy", {"other"}}}};
  plan.arms = {{"idle", {}, {}, {{"interrupts", {}}}, ""},
               {"churn size=64KiB",
                {{"vmalloc_churn", {{"rate", {"max"}}, {"argv", {"a b", "c"}}}}},
                {{"/proc/sys/vm/x", "1"}},
                {},
                ""},
               {"kfence", {{"kfence_sampling", {}}}, {}, {}, "this kernel has no KFENCE"}};
  plan.windows = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  plan.repeats = 2;
  plan.warmup = Nanos{1'500'000'000};
  plan.measure = Nanos{60'000'000'001};
  plan.order = "interleaved";
  plan.seed = std::numeric_limits<std::uint64_t>::max();
  plan.budgets = {{"gap_max", "idle", 0.1, "100us", "the radio's slot"}};
  plan.duration = Nanos{300'000'000'000};
  return plan;
}

inline ProbeCpu sample_probe_cpu(int cpu) {
  ProbeCpu one;
  one.cpu = cpu;
  one.error = "cut short";
  one.start = 0x123456789abcdef0;
  one.end = one.start + 5'000'000'000;
  one.histogram.add(0, 3);
  one.histogram.add(63'000, 1ull << 40);
  one.histogram.add(std::numeric_limits<std::uint64_t>::max());
  one.corrected.add(17, 2);
  one.threshold = 2300;
  one.gaps = {{one.start + 5, 4000}, {one.start + 10'000, 1ull << 63}};
  one.gaps_dropped = 9;
  one.numbers = {{"floor_ticks", 0.1},
                 {"third", 1.0 / 3.0},
                 {"tiny", 5e-324},
                 {"huge", 1.7976931348623157e308}};
  return one;
}

inline WindowRecord sample_window(int index, int arm, int repeat) {
  WindowRecord out;
  out.index = index;
  out.arm = arm;
  out.repeat = repeat;
  out.status = "disturbed: someone logged in";
  out.begin_ns = 1ull << 62;
  out.end_ns = out.begin_ns + 60'000'000'123;
  out.begin_utc = "2026-11-20T14:00:00Z";
  out.probe.probe = "busy_loop";
  out.probe.kind = "gap";
  out.probe.line = {"tsc", 1, 2'300'000'001, 7, 1'000'000'007, 0.25, -1.0 / 7.0};
  out.probe.cpus = {sample_probe_cpu(1), sample_probe_cpu(3)};
  out.probe.notes = {{"policy", "SCHED_OTHER"}};
  out.work = {{"vmalloc_churn",
               {{"maps", 10}},
               {{"maps", 20}},
               {{"maps", 5}},
               1.25,
               2.5,
               {{"purges", "12"}},
               "maps",
               3,
               "function_call",
               "died: signal 9"}};
  out.interrupts = {
      {"CAL", "Function call interrupts", "function_call", {{0, 1}, {10, 2}}, {{0, 3}, {10, 4}}}};
  out.softirqs = {{"RCU", "RCU", "softirq", {{0, 5}}, {{0, 6}}}};
  out.cpu_times = {{1, 0.01, 0.02, 0.03, 0.04, 0.05, 59.85}};
  out.footprints = {{1, 2, 3, 4, 5}};
  out.notes = {{"ipi_trace.level", "A"}};
  out.warnings = {recorded_warning("fair_server_active", "seen", "matters", "advice")};
  out.files = {"trace.cpu0", "work.log"};
  return out;
}

inline Manifest sample_manifest() {
  Manifest out;
  out.version = "0.1.0";
  out.status = "complete";
  out.started_utc = "2026-11-20T14:00:00Z";
  out.ended_utc = "2026-11-20T14:05:00Z";
  out.command_line = {"isolab", "run", "a \"b\".yaml"};
  out.warnings = {recorded_warning("few_repeats", "a", "b", "c")};
  out.changed = {"/proc/sys/vm/x: 0 -> 1 (restored)"};
  return out;
}

/// Histograms have no operator==; their buckets do.
inline bool same(const Histogram& a, const Histogram& b) {
  for (std::size_t i = 0; i < Histogram::kBuckets; ++i)
    if (a.count_at(i) != b.count_at(i)) return false;
  return true;
}

}  // namespace isolab::test
