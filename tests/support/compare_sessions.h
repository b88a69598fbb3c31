// SPDX-License-Identifier: Apache-2.0
// Groups of sessions to compare, two of which show everything a comparison can say.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "analysis/compare.h"
#include "analysis/model/comparison.h"
#include "base/warnings.h"
#include "tests/support/session_findings.h"

namespace isolab::test {

/// One traced CPU that ran these remote callbacks.
inline void add_callbacks(Findings& session, const std::string& arm, const std::string& what,
                          const std::string& klass, const std::string& subclass,
                          std::uint64_t count) {
  auto& cpus = session.interruptions.cpus;
  auto at = std::find_if(cpus.begin(), cpus.end(), [&](const auto& one) { return one.arm == arm; });
  if (at == cpus.end()) {
    cpus.emplace_back();
    at = std::prev(cpus.end());
    at->arm = arm;
    at->cpu = 1;
    at->windows = 2;
    at->exposure_s = 3600;
  }
  if (count == 0) return;
  CauseRow row;
  row.name.what = what;
  row.name.klass = klass;
  row.name.subclass = subclass;
  row.sends = count + count / 10;
  row.callbacks = row.ipis = row.gaps = count;
  row.lost_us = 8.0 * static_cast<double>(count);
  at->causes.push_back(row);
}

inline Findings letter_session(bool patched, std::uint64_t i) {
  const int number = static_cast<int>(i);
  Findings out = empty_session({"idle", "rteval_load"});
  out.profile = "lpc2022";
  out.command_line = {"isolab", "run", "profiles/lpc2022.yaml", "-o", "x"};
  out.question = "Which interruptions reach the measured CPUs, and at what cost?";
  out.arms[1].workloads = {"kernel_build", "hackbench"};
  if (patched) out.facts["kernel.release"] = "6.12.1-deferred";
  out.warnings.push_back({make_warning(WarningId::few_repeats, ""), {}, 1});
  const auto load = [](const char* cpu = "all") {
    return std::map<std::string, std::string>{{"arm", "rteval_load"}, {"cpu", cpu}};
  };
  const double jitter = static_cast<double>((i * 5) % 7);
  add_callbacks(out, "idle", "", "", "", 0);
  add_callbacks(out, "rteval_load", "do_flush_tlb_all", "kernel_tlb", "range",
                patched ? 0 : 31 + i);
  add_callbacks(out, "rteval_load", "do_sync_core", "text_patch", "jump_label",
                patched ? 0 : 4 + i % 2);
  add_callbacks(out, "rteval_load", "nohz_full_kick_func", "timer_kick", "nohz_full", i % 2);
  add_callbacks(out, "rteval_load", "tlb_remove_table_smp_sync", "task_sync", "mm_gather",
                40 + (patched ? i : 6 - i));
  auto& metrics = out.metrics;
  for (const auto& [us, base, now] : {std::tuple{10, 900, 890}, {20, 120, 30}, {50, 18, 0}})
    metrics.push_back(
        count_metric(fmt::format("gaps_over_{}us", us), load(),
                     static_cast<std::uint64_t>((patched ? now : base) +
                                                (now == 0 && patched ? 0 : 3) * (number % 3))));
  metrics.push_back(value_metric("gap_p99_99", load(), 3.1 + 0.05 * jitter));
  metrics.push_back(value_metric("gap_max", load(), patched ? 16.9 + jitter : 97.4 - jitter));
  metrics.push_back(value_metric("time_lost", load(), (patched ? 120 : 180) + jitter));
  metrics.push_back(
      value_metric("work_per_second",
                   {{"arm", "rteval_load"}, {"workload", "kernel_build"}, {"count", "objects"}},
                   30 + 0.1 * jitter));
  metrics.push_back(value_metric("workload_system_time",
                                 {{"arm", "rteval_load"}, {"workload", "kernel_build"}},
                                 (patched ? 921.5 : 913.9) + 0.2 * jitter));
  for (const char* cpu : {"1", "housekeeping"})
    metrics.push_back(value_metric("cpu_time",
                                   {{"arm", "rteval_load"}, {"cpu", cpu}, {"state", "system"}},
                                   cpu[0] == '1' ? 0.1 : 38 + 0.1 * jitter));
  for (const char* arm : {"idle", "rteval_load"}) {
    ArmSeries series;
    series.arm = arm;
    const double more = arm[0] == 'i' ? 0.1 : patched ? 0.5 : 1;
    for (double x = 1; x < (patched ? 20 : 100); x *= 1.6)
      series.ccdf.push_back({x, more * (1000 + 10 * jitter) / x});
    series.histogram.assign(Series::kHistogramBins, 0);
    for (std::size_t bin = 0; bin < 50; ++bin)
      series.histogram[bin] = static_cast<std::uint64_t>(1e9 / std::pow(bin + 1, 6));
    series.histogram_overflow = patched ? 0 : i;
    out.series.arms.push_back(series);
    GapTrack track{arm, 1, 0, 1800, {}, 40};
    for (int k = 0; k < 40; ++k)
      track.points.push_back(
          {45.0 * k, 2 + more * static_cast<double>((k * 37 + 11 * number) % 60)});
    out.series.tracks.push_back(track);
  }
  return out;
}

/// Keeps the findings that groups point into.
struct Sessions {
  SessionGroup group(const std::string& name, std::vector<Findings> sessions,
                     const std::string& arm = "") {
    SessionGroup out{name, arm, {}, {}};
    for (auto& session : sessions) {
      kept.push_back(std::make_unique<Findings>(std::move(session)));
      out.sessions.push_back(kept.back().get());
      out.places.push_back(fmt::format("{}/{}", name, out.sessions.size()));
    }
    return out;
  }

  std::vector<std::unique_ptr<Findings>> kept;
};

inline Comparison compared(const std::vector<SessionGroup>& groups,
                           const ComparisonOptions& options = {}) {
  auto out = compare(groups, options);
  EXPECT_TRUE(out) << out.error().text();
  return std::move(*out);
}

struct LetterSessions : Sessions {
  std::vector<SessionGroup> groups;
};

inline LetterSessions letter_sessions(std::uint64_t sessions = 6) {
  LetterSessions out;
  for (const bool patched : {false, true}) {
    std::vector<Findings> all;
    for (std::uint64_t i = 0; i < sessions; ++i) all.push_back(letter_session(patched, i));
    out.groups.push_back(out.group(patched ? "patched" : "base", std::move(all)));
  }
  return out;
}

}  // namespace isolab::test
