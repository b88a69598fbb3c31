// SPDX-License-Identifier: Apache-2.0
// Comparisons of sessions made by hand; of many made by chance:
// analysis_comparison_simulation_test.cpp.
#include "analysis/model/comparison.h"

#include <gmock/gmock.h>

#include "analysis/analyse.h"
#include "analysis/compare.h"
#include "report/json/comparison_json.h"
#include "results/json.h"
#include "tests/support/compare_sessions.h"
#include "tests/support/recording_builder.h"
#include "tests/support/session_findings.h"

namespace isolab {
namespace {

using test::compared;
using test::count_metric;
using test::empty_session;
using test::Sessions;
using test::value_metric;

/// Sessions with a system time each.
std::vector<Findings> with_times(const std::vector<double>& seconds) {
  std::vector<Findings> out;
  for (const double value : seconds) {
    out.push_back(empty_session());
    out.back().metrics = {
        value_metric("workload_system_time", {{"arm", "load"}, {"workload", "hackbench"}}, value)};
  }
  return out;
}

std::vector<Findings> with_gaps(const std::vector<std::uint64_t>& counts) {
  std::vector<Findings> out;
  for (const auto count : counts) {
    out.push_back(empty_session());
    for (const char* cpu : {"1", "all"})
      out.back().metrics.push_back(
          count_metric("gaps_over_50us", {{"arm", "load"}, {"cpu", cpu}}, count));
  }
  return out;
}

TEST(Comparison, AValueThatGrew) {
  Sessions sessions;
  const auto out = compared({sessions.group("base", with_times({10, 11, 12, 10.5, 11.5, 11.2})),
                             sessions.group("new", with_times({20, 22, 24, 21, 23, 22.4}))});
  ASSERT_EQ(out.metrics.size(), 1u);
  const auto& change = out.metrics[0].changes.at(0);
  EXPECT_NEAR(change.ratio.value(), 2, 1e-9);
  EXPECT_LT(change.ratio_interval->upper, 2.4);
  EXPECT_GT(change.ratio_interval->lower, 1.7);
  EXPECT_NEAR(change.p.value(), 2.0 / 924, 1e-9);
  EXPECT_EQ(change.q, change.p);                // one test
  EXPECT_EQ(change.outcome, Outcome::changed);  // system time has no direction of its own
  EXPECT_EQ(out.metrics[0].groups[0].centre, 11.1);
  EXPECT_EQ(out.metrics[0].groups[0].interval->lower, 10);
  EXPECT_EQ(flagged(out), 1u);
}

TEST(Comparison, CountsOfAllCpusAndAZero) {
  Sessions sessions;
  const auto out = compared({sessions.group("base", with_gaps({30, 41, 28, 35, 33, 38})),
                             sessions.group("new", with_gaps({0, 0, 0, 0, 0, 0}))});
  ASSERT_EQ(out.metrics.size(), 1u);  // CPU 1 gives way to all
  EXPECT_EQ(out.metrics[0].key.labels.at("cpu"), "all");
  EXPECT_EQ(out.metrics[0].changes[0].outcome, Outcome::better);
  EXPECT_EQ(out.metrics[0].changes[0].ratio, 0);
  EXPECT_LT(out.metrics[0].changes[0].ratio_interval->upper, 0.03);
  EXPECT_NEAR(out.metrics[0].groups[1].interval->upper, 2.9957 / 6, 1e-4);  // per hour, of 6 h
  EXPECT_EQ(out.metrics[0].groups[0].n, 205u);
}

TEST(Comparison, FiveSessionsGetNoVerdict) {
  Sessions sessions;
  const auto out = compared({sessions.group("base", with_times({1, 2, 3, 4, 5})),
                             sessions.group("new", with_times({91, 92, 93, 94, 95, 96}))});
  EXPECT_EQ(out.metrics[0].changes[0].outcome, Outcome::too_few);
  EXPECT_EQ(out.metrics[0].changes[0].sessions_lacking, 1u);
  EXPECT_FALSE(out.metrics[0].changes[0].p);
  EXPECT_FALSE(out.metrics[0].groups[0].interval);
  EXPECT_THAT(out.notes, testing::Contains(testing::HasSubstr("record 1 more")));
}

TEST(Comparison, SmallChangesStayBelowTheDeclaredMinimum) {
  Sessions sessions;
  const std::vector<double> base{100, 100.1, 100.2, 100.3, 100.4, 100.5};
  std::vector<double> now;
  for (const double value : base) now.push_back(value * 1.02);
  const std::vector<SessionGroup> groups{sessions.group("base", with_times(base)),
                                         sessions.group("new", with_times(now))};
  EXPECT_EQ(compared(groups).metrics[0].changes[0].outcome, Outcome::changed);
  ComparisonOptions options;
  options.min_effect = 0.05;
  EXPECT_EQ(compared(groups, options).metrics[0].changes[0].outcome, Outcome::same);
}

TEST(Comparison, MaximaAndConstantsAreNoTests) {
  Sessions sessions;
  const auto make = [](double most) {
    std::vector<Findings> out;
    for (int i = 0; i < 6; ++i) {
      out.push_back(empty_session());
      out.back().metrics = {value_metric("gap_max", {{"arm", "load"}, {"cpu", "all"}}, most + i),
                            value_metric("gap_p99", {{"arm", "load"}, {"cpu", "all"}}, 3)};
    }
    return out;
  };
  const auto out = compared({sessions.group("base", make(10)), sessions.group("new", make(1000))});
  ASSERT_EQ(out.metrics.size(), 2u);
  EXPECT_EQ(out.tests, 0u);
  for (const auto& metric : out.metrics)
    EXPECT_EQ(metric.changes[0].outcome, Outcome::not_judged) << metric.key.name;
  EXPECT_EQ(out.metrics[1].groups[1].centre, 1005);
}

TEST(Comparison, ArmsOfOneSetOfSessions) {
  Sessions sessions;
  std::vector<Findings> all;
  for (int i = 0; i < 6; ++i) {
    all.push_back(empty_session({"off", "on"}));
    for (const char* arm : {"off", "on"})
      all.back().metrics.push_back(value_metric("work_per_second",
                                                {{"arm", arm}, {"workload", "w"}, {"count", "ops"}},
                                                (arm[1] == 'n' ? 80 : 100) + i));
  }
  const auto off = sessions.group("off", all, "off");
  const auto on = sessions.group("on", all, "on");
  const auto out = compared({off, on});
  ASSERT_EQ(out.metrics.size(), 1u);
  EXPECT_FALSE(out.metrics[0].key.labels.contains("arm"));
  EXPECT_EQ(out.metrics[0].changes[0].outcome, Outcome::worse);  // less work
  const auto wrong = compare({off, sessions.group("x", all, "x")}, {});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().text(), testing::HasSubstr("no arm \"x\""));
  EXPECT_THAT(wrong.error().text(), testing::HasSubstr("off, on"));
}

TEST(Comparison, CausesThatDidNotComeAreZeroWhereItWasTraced) {
  Sessions sessions;
  const auto make = [](std::uint64_t flushes, bool traced) {
    Findings out = empty_session();
    CpuInterruptions cpu;
    cpu.arm = "load";
    cpu.cpu = 1;
    cpu.exposure_s = 3600;
    if (flushes > 0) {
      CauseRow row;
      row.name.what = "do_flush_tlb_all";
      row.name.klass = "kernel_tlb";
      row.name.subclass = "range";
      row.sends = flushes + 2;
      row.callbacks = flushes;
      row.ipis = flushes;
      cpu.causes.push_back(row);
    }
    if (traced) out.interruptions.cpus.push_back(cpu);
    return out;
  };
  std::vector<Findings> base, now;
  for (std::uint64_t i = 0; i < 7; ++i) {
    base.push_back(make(30 + i, true));
    now.push_back(make(0, i > 0));  // the first was not traced: no number, not a zero
  }
  const auto out = compared({sessions.group("base", base), sessions.group("new", now)});
  const auto found = std::find_if(out.metrics.begin(), out.metrics.end(), [](const auto& metric) {
    return metric.key.name == "interruptions";
  });
  ASSERT_NE(found, out.metrics.end());
  EXPECT_EQ(found->groups[1].values, std::vector<double>(6, 0.0));
  EXPECT_EQ(found->groups[1].missing, 1u);
  EXPECT_EQ(found->groups[1].exposure_s, 6 * 3600);
  EXPECT_EQ(found->changes[0].outcome, Outcome::better);
  EXPECT_EQ(out.metrics.front().key.name, "calls_queued");
  EXPECT_EQ(out.metrics.front().groups[0].n, 7 * 32 + 21u);
}

TEST(Comparison, DifferencesAreWarningsUnlessIntended) {
  Sessions sessions;
  auto base = with_times({1, 2, 3, 4, 5, 6});
  auto now = base;
  for (auto& session : now) {
    session.facts["kernel.release"] = "6.13.0";
    session.facts["cpu.microcode"] = "0x2";
    session.facts["memory.available_bytes"] = "1";
    session.profile_hash = "other";
  }
  now[3].facts["cpu.governor"] = "powersave";
  ComparisonOptions options;
  options.intended.push_back("cpu.mic.");  // a beginning ends with a dot: this one is none
  const auto out = compared({sessions.group("base", base), sessions.group("new", now)}, options);
  std::map<std::string, Difference> seen;
  for (const auto& difference : out.differences) seen[difference.what] = difference;
  EXPECT_EQ(seen.size(), 4u);
  EXPECT_TRUE(seen.at("kernel.release").intended);
  EXPECT_FALSE(seen.at("cpu.microcode").intended);
  EXPECT_EQ(seen.at("cpu.microcode").values, (std::vector<std::string>{"not recorded", "0x2"}));
  EXPECT_FALSE(seen.at("profile hash").intended);
  EXPECT_TRUE(seen.at("cpu.governor").within);
}

TEST(Comparison, ACallbackIsNoZeroWhereTheTraceNamesNone) {
  Sessions sessions;
  const auto six = [](bool named, const char* level) {
    std::vector<Findings> out;
    for (std::uint64_t i = 0; i < 6; ++i) {
      Findings one = test::empty_session();
      test::add_callbacks(one, "load", named ? "do_sync_core" : "function-call IPI",
                          named ? "text_patch" : "unknown", named ? "jump_label" : "-", 40 + i);
      auto& cause = one.interruptions.cpus.front().causes.front();
      cause.name.kind = named ? CauseKind::remote_call : CauseKind::silent_ipi;
      if (!named) cause.sends = cause.callbacks = 0;
      TracedWindow window;
      window.arm = "load";
      window.level = level;
      if (!named) window.reasons = {"This kernel has no event csd:csd_queue_cpu."};
      one.interruptions.windows.push_back(window);
      one.facts["cpu.emulated"] = "yes: QEMU";
      out.push_back(one);
    }
    return out;
  };
  const auto unknown =
      compared({sessions.group("old", six(false, "C")), sessions.group("new", six(true, "A"))});
  for (const auto& metric : unknown.metrics)
    EXPECT_NE(metric.key.labels.count("callback") ? metric.key.labels.at("callback") : "",
              "do_sync_core");
  ASSERT_FALSE(unknown.notes.empty());
  EXPECT_THAT(unknown.notes.front(),
              testing::HasSubstr("old: in 6 of 6 sessions the trace does not show which function"));
  EXPECT_THAT(unknown.notes[1], testing::HasSubstr("CPUs are emulated"));
  const auto known =
      compared({sessions.group("old", six(false, "A")), sessions.group("new", six(true, "A"))});
  EXPECT_TRUE(std::any_of(known.metrics.begin(), known.metrics.end(), [](const auto& metric) {
    return metric.key.labels.count("callback") &&
           metric.key.labels.at("callback") == "do_sync_core" && metric.groups[0].n == 0;
  })) << "level A sees every function: a zero";
}

/// Six sessions of an arm of this boot.
std::vector<Findings> booted(const PlannedBoot& boot, const std::string& release,
                             const std::string& line) {
  auto out = with_times({1, 2, 3, 4, 5, 6});
  for (auto& session : out) {
    for (auto& arm : session.arms) arm.boot = boot;
    session.facts["kernel.release"] = release;
    session.facts["kernel.command_line"] = line;
  }
  return out;
}

/// The differences that are warnings.
std::vector<std::string> unintended(const std::vector<Findings>& base,
                                    const std::vector<Findings>& now) {
  Sessions sessions;
  std::vector<std::string> out;
  auto groups = {sessions.group("base", base), sessions.group("new", now)};
  std::vector<SessionGroup> of_arm(groups);
  for (auto& group : of_arm) group.arm = base.front().arms.front().name;
  for (const auto& difference : compared(of_arm, {}).differences)
    if (!difference.intended) out.push_back(difference.what);
  return out;
}

TEST(Comparison, ArmsThatNameKernelsIntendNothingElse) {
  using testing::ElementsAre;
  using testing::IsEmpty;
  const auto base = booted({"6.1", ""}, "6.1.0", "isolcpus=1");
  EXPECT_THAT(unintended(base, booted({"6.12", ""}, "6.12.1", "isolcpus=1")), IsEmpty());
  EXPECT_THAT(unintended(base, booted({"6.12", "a=1"}, "6.12.1", "isolcpus=1 a=1")), IsEmpty());
  EXPECT_THAT(unintended(base, booted({"6.12", "a=1"}, "6.12.1", "isolcpus=1 a=1 b=2")),
              ElementsAre("kernel.command_line"));
  EXPECT_THAT(unintended(base, booted({"6.12", ""}, "6.12.1", "isolcpus=2")),
              ElementsAre("kernel.command_line"));
  auto other = booted({"6.12", ""}, "6.12.1", "isolcpus=1");
  for (auto& session : other) {
    session.facts["kernel.config.CONFIG_KFENCE"] = "y";
    session.facts["sched.fair_server_runtime_ns"] = "50000000";
    session.facts["memory.total_bytes"] = "1005";
    session.facts["cpu.microcode"] = "0x2";
  }
  auto plain = base;
  for (auto& session : plain) {
    session.facts["kernel.config.CONFIG_KFENCE"] = "n";
    session.facts["sched.fair_server_runtime_ns"] = "unknown: cannot open it";
    session.facts["memory.total_bytes"] = "1000";
    session.facts["cpu.microcode"] = "0x1";
  }
  EXPECT_THAT(unintended(plain, other), ElementsAre("cpu.microcode"));
  EXPECT_THAT(unintended(base, booted({"6.1", "a=1"}, "6.1.5", "isolcpus=1 a=1")),
              ElementsAre("kernel.release"))
      << "one kernel by name, updated between the sessions";
}

TEST(Comparison, RefusesWhatIsNoComparison) {
  Sessions sessions;
  const auto base = sessions.group("base", with_times({1}));
  EXPECT_FALSE(compare({base}, {}));
  EXPECT_FALSE(compare({base, SessionGroup{"empty", "", {}, {}}}, {}));
  ComparisonOptions options;
  options.metrics = {"gap_maximum"};
  EXPECT_FALSE(compare({base, base}, options));
}

TEST(Comparison, SeriesPoolSessionsWithTheirRange) {
  Sessions sessions;
  std::vector<Findings> runs;
  for (const auto& gaps : {std::vector<double>{2, 30}, std::vector<double>{2, 3, 4}}) {
    test::RecordingBuilder builder;
    builder.window(builder.arm("load"), gaps);
    runs.push_back(analyse(builder.recording()));
  }
  const auto out = compared({sessions.group("base", runs), sessions.group("new", runs)});
  ASSERT_EQ(out.series.size(), 2u);
  const auto& first = out.series[0].ccdf.front();
  EXPECT_EQ(first.x_us, 1);
  EXPECT_NEAR(first.per_cpu_hour, 5 * 3600 / 20.0, 0.1);
  EXPECT_NEAR(first.lowest, 2 * 3600 / 10.0, 0.1);
  EXPECT_NEAR(first.highest, 3 * 3600 / 10.0, 0.1);
  EXPECT_EQ(out.series[0].ccdf.back().lowest, 0);  // one session had nothing over 4 us
  EXPECT_EQ(out.series[0].histogram[30], 1u);
  EXPECT_EQ(out.series[0].tracks.size(), 1u);
}

TEST(Comparison, AnAxisOfNumbersBecomesAScalingLine) {
  Sessions sessions;
  const auto make = [](double factor) {
    Findings out = empty_session({"b cpus=1", "b cpus=4", "b mode=x"});
    for (const double cpus : {1.0, 4.0})
      out.metrics.push_back(
          value_metric("workload_system_time",
                       {{"arm", fmt::format("b cpus={:g}", cpus)}, {"workload", "kernel_build"}},
                       100 * (1 + (factor - 1) * cpus)));
    return out;
  };
  const auto out =
      compared({sessions.group("base", {make(1)}), sessions.group("new", {make(1.5)})});
  ASSERT_EQ(out.scaling.size(), 1u);
  EXPECT_EQ(out.scaling[0].axis, "cpus");
  EXPECT_EQ(out.scaling[0].prefix, "b, kernel_build");
  ASSERT_EQ(out.scaling[0].points.size(), 2u);
  EXPECT_NEAR(out.scaling[0].points[0].ratio, 1.5, 1e-9);
  EXPECT_NEAR(out.scaling[0].points[1].ratio, 3, 1e-9);
}

TEST(Comparison, JsonHoldsEverySession) {
  Sessions sessions;
  const auto text =
      comparison_to_json(compared({sessions.group("base", with_times({1, 2, 3, 4, 5, 6})),
                                   sessions.group("new", with_times({1, 2, 3, 4, 5, 6}))}));
  const auto json = parse_json(text);
  ASSERT_TRUE(json);
  EXPECT_THAT(text, testing::HasSubstr("\"outcome\": \"same\""));
  EXPECT_THAT(text, testing::HasSubstr("\"kind\": \"comparison\""));
}

}  // namespace
}  // namespace isolab
