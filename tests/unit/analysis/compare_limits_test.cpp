// SPDX-License-Identifier: Apache-2.0
// What a comparison must not judge: counts of traces that lost events, numbers that not every group
// has, values that are no numbers.
#include <gmock/gmock.h>

#include <functional>

#include "analysis/analyse.h"
#include "analysis/model/comparison.h"
#include "report/json/comparison_json.h"
#include "report/json/findings_json.h"
#include "tests/support/compare_sessions.h"
#include "tests/support/recording_builder.h"

namespace isolab {
namespace {

using test::compared;
using test::Sessions;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

/// A traced session with this many flushes and TLB interrupts.
Findings traced(std::uint64_t flushes, std::uint64_t lost) {
  Findings out = test::empty_session();
  test::add_callbacks(out, "load", "do_flush_tlb_all", "kernel_tlb", "range", flushes);
  out.metrics = {test::count_metric("interrupts_per_second",
                                    {{"arm", "load"}, {"cpu", "all"}, {"row", "function_call"}},
                                    flushes, 1)};
  TracedWindow window;
  window.arm = "load";
  window.level = "A";
  window.lost = lost;
  out.interruptions.windows = {window};
  return out;
}

/// Six sessions; `lossy` of them lost events.
std::vector<Findings> six(std::uint64_t flushes, std::size_t lossy) {
  std::vector<Findings> out;
  for (std::uint64_t i = 0; i < 6; ++i) out.push_back(traced(flushes + i, i < lossy ? 152'451 : 0));
  return out;
}

const ComparedMetric& metric_of(const Comparison& comparison, const std::string& name) {
  const auto found = std::find_if(comparison.metrics.begin(), comparison.metrics.end(),
                                  [&](const auto& one) { return one.key.name == name; });
  EXPECT_NE(found, comparison.metrics.end()) << name;
  return *found;
}

TEST(ComparisonOfLosses, ALossyGroupIsShownAndNotJudged) {
  Sessions sessions;
  const auto out =
      compared({sessions.group("whole", six(100, 0)), sessions.group("lossy", six(200, 6))});
  for (const char* name : {"interruptions", "calls_queued", "interruption_time"}) {
    const auto& metric = metric_of(out, name);
    EXPECT_EQ(metric.changes[0].outcome, Outcome::lost) << name;
    EXPECT_FALSE(metric.changes[0].ratio || metric.changes[0].shift || metric.changes[0].p) << name;
    EXPECT_TRUE(metric.groups[1].all_lost);
    EXPECT_EQ(metric.groups[1].lost, 6u);
    EXPECT_EQ(metric.groups[1].values.size(), 6u);
  }
  // The kernel's own counters lose nothing.
  EXPECT_EQ(metric_of(out, "interrupts_per_second").changes[0].outcome, Outcome::worse);
  EXPECT_THAT(out.notes, Contains(HasSubstr("lossy: the trace of 6 of 6 sessions lost events "
                                            "(914706 in load)")));
  EXPECT_THAT(comparison_to_json(out), HasSubstr("\"outcome\": \"lost\""));
}

TEST(ComparisonOfLosses, OneLossySessionIsLeftOutOfWhatItLost) {
  Sessions sessions;
  auto now = six(200, 1);
  now.push_back(traced(206, 0));
  const auto out = compared({sessions.group("base", six(100, 0)), sessions.group("now", now)});
  const auto& metric = metric_of(out, "interruptions");
  EXPECT_EQ(metric.groups[1].lost, 1u);
  EXPECT_FALSE(metric.groups[1].all_lost);
  EXPECT_EQ(metric.groups[1].values.size(), 6u);  // six whole ones are enough
  EXPECT_EQ(metric.changes[0].outcome, Outcome::worse);
  EXPECT_EQ(metric_of(out, "interrupts_per_second").groups[1].values.size(), 7u);
  now.pop_back();
  const auto five = compared({sessions.group("base", six(100, 0)), sessions.group("now", now)});
  EXPECT_EQ(metric_of(five, "interruptions").changes[0].outcome, Outcome::too_few);
  EXPECT_EQ(metric_of(five, "interrupts_per_second").changes[0].outcome, Outcome::worse);
}

TEST(ComparisonOfLosses, ACauseThatALossyTraceLacksIsNoZero) {
  Sessions sessions;
  const auto out = compared({sessions.group("base", six(100, 0)),
                             sessions.group("now", {traced(0, 3), traced(0, 0), traced(0, 0)})});
  const auto& metric = metric_of(out, "interruptions");
  EXPECT_EQ(metric.groups[1].lost, 1u);
  EXPECT_EQ(metric.groups[1].values, std::vector<double>(2, 0.0));
}

TEST(ComparisonOfLacks, ArmsAndNumbersOfOneGroupAreNamed) {
  Sessions sessions;
  std::vector<Findings> base, now;
  for (int i = 0; i < 6; ++i) {
    base.push_back(test::empty_session({"idle", "membarrier"}));
    base.back().metrics = {
        test::value_metric("gap_p99_9999", {{"arm", "idle"}, {"cpu", "all"}}, 5 + i),
        test::value_metric("time_lost", {{"arm", "membarrier"}, {"cpu", "all"}}, 7 + i)};
    now.push_back(test::empty_session({"idle"}));
  }
  const auto out = compared({sessions.group("base", base), sessions.group("now", now)});
  EXPECT_TRUE(out.metrics.empty());
  ASSERT_EQ(out.uncompared.size(), 2u);
  EXPECT_EQ(out.uncompared[0].groups, std::vector<std::string>{"base"});
  EXPECT_THAT(out.notes, Contains("arm \"membarrier\" is not compared; sessions with it: base 6 of "
                                  "6, now 0 of 6"));
  EXPECT_THAT(out.notes, Contains("not compared, since only base has it: gap_p99_9999 idle"));
  EXPECT_FALSE(out.loads.contains("membarrier"));
  EXPECT_THAT(comparison_to_json(out), HasSubstr("\"uncompared\""));
  now[0] = base[0];
  const auto some = compared({sessions.group("base", base), sessions.group("now", now)});
  EXPECT_THAT(some.notes, Contains("arm \"membarrier\" is not in all sessions; sessions with it: "
                                   "base 6 of 6, now 1 of 6"));
  EXPECT_TRUE(some.loads.contains("membarrier"));
}

// The numbers of a probe are the only ones that a recording may give as "nan" or "inf".
TEST(NotFinite, ReachesNoMetricAndNoComparison) {
  Sessions sessions;
  test::RecordingBuilder sample;
  sample.window(sample.arm("idle"), {2, 15});
  for (const auto& [name, value] : sample.recording().windows[0].probe.cpus[0].numbers) {
    for (const double odd : std::vector<double>{std::nan(""), INFINITY, -INFINITY}) {
      std::vector<Findings> all;
      for (int i = 0; i < 6; ++i) {
        test::RecordingBuilder builder;
        auto& window = builder.window(builder.arm("idle"), {2, 15.0 + i});
        window.probe.cpus[0].numbers[name] = odd;
        all.push_back(analyse(builder.recording()));
        const auto json = findings_to_json(all.back());
        EXPECT_THAT(json, Not(HasSubstr(": \"nan\""))) << name;
        EXPECT_THAT(json, Not(HasSubstr(": \"inf\""))) << name;
        EXPECT_THAT(json, HasSubstr("self_check_failed")) << name;
      }
      const auto out = compared({sessions.group("a", all), sessions.group("b", all)});
      EXPECT_THAT(comparison_to_json(out), Not(HasSubstr("\"nan\""))) << name;
    }
  }
}

TEST(NotFinite, AWindowWithoutLengthHasNoQuotients) {
  for (const auto& change : std::vector<std::function<void(WindowRecord&)>>{
           [](auto& window) { window.probe.line.ns1 = window.probe.line.ns0; },
           [](auto& window) { window.probe.line.ticks1 = 0; },
           [](auto& window) { window.probe.cpus[0].end = window.probe.cpus[0].start + 1; },
           [](auto& window) { window.end_ns = window.begin_ns + 1; }}) {
    test::RecordingBuilder builder;
    auto& window = builder.window(builder.arm("idle"), {2, 15});
    window.interrupts = {test::calls(3)};
    change(window);
    const auto json = findings_to_json(analyse(builder.recording()));
    EXPECT_THAT(json, Not(HasSubstr(": \"nan\"")));
    EXPECT_THAT(json, Not(HasSubstr(": \"inf\"")));
  }
}

TEST(NotFinite, FindingsThatHoldOneAreComparedWithoutIt) {
  Sessions sessions;
  for (const double odd : std::vector<double>{std::nan(""), INFINITY, -INFINITY}) {
    std::vector<Findings> all;
    for (int i = 0; i < 6; ++i) {
      all.push_back(test::empty_session());
      all.back().metrics = {test::value_metric("time_lost", {{"arm", "load"}, {"cpu", "all"}},
                                               i == 3 ? odd : 5.0 + i)};
    }
    const auto out = compared({sessions.group("a", all), sessions.group("b", all)});
    EXPECT_EQ(metric_of(out, "time_lost").groups[0].values.size(), 5u);
    EXPECT_EQ(metric_of(out, "time_lost").groups[0].missing, 1u);
  }
}

}  // namespace
}  // namespace isolab
