// SPDX-License-Identifier: Apache-2.0
// The first section of the report: whatever table moves, and it alone, the arm is said to move it;
// what no table shows is said with its bound; what was lost is not judged.
#include "report/text/conclusion.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "analysis/analyse.h"
#include "analysis/model/findings.h"
#include "analysis/statistics/random.h"
#include "base/warnings.h"
#include "tests/support/recording_builder.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/traced_recording.h"

namespace isolab {
namespace {

using test::grown_row;
using test::RecordingBuilder;

constexpr int kRepeats = 3;

void set_rows(WindowRecord& window, std::uint64_t timer, std::uint64_t rcu, std::uint64_t device,
              std::uint64_t reschedule) {
  window.interrupts = {grown_row("RES", "Rescheduling interrupts", "reschedule", reschedule),
                       grown_row("LOC", "Local timer interrupts", "timer", timer),
                       grown_row("24", "PCI-MSI 65536-edge nvme0q1", "device", device)};
  window.softirqs = {grown_row("RCU", "", "softirq", rcu)};
}

/// Three windows of an idle arm and of "moved", alike but for what `move` does to the latter.
Recording moved(const std::function<void(WindowRecord&, int repeat)>& move) {
  RecordingBuilder builder;
  const int idle = builder.arm("idle");
  const int arm = builder.arm("moved", {"command"});
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    set_rows(builder.window(idle, std::vector<double>(60, 60)), 2500, 50, 5, 20);
    auto& window = builder.window(arm, std::vector<double>(60, 60));
    set_rows(window, 2500, 50, 5, 20);
    move(window, repeat);
  }
  return builder.recording();
}

void hear(WindowRecord& window, const std::vector<double>& gaps) {
  window.probe.cpus = {test::busy_cpu(1, 10, gaps)};
}

std::vector<std::string> changed(const Findings& findings) {
  std::vector<std::string> out;
  for (const auto& row : findings.effects.at(0).rows)
    if (row.changed) out.push_back(row.row);
  return out;
}

/// Whether `part` is in `text`, wherever the lines break.
bool has(const std::string& text, const std::string& part) {
  std::string flat;
  for (const char letter : text)
    if (letter != '\n' && (letter != ' ' || (!flat.empty() && flat.back() != ' ')))
      flat += letter;
    else if (letter == '\n' && !flat.empty() && flat.back() != ' ')
      flat += ' ';
  return flat.find(part) != std::string::npos;
}

struct OneTable {
  const char* name;
  std::function<void(WindowRecord&, int)> move;
  std::vector<std::string> rows;
  std::string text;
};

TEST(Conclusion, NamesTheOnlyTableThatMoved) {
  std::vector<double> longer(60, 60);
  for (std::size_t i = 0; i < 20; ++i) longer[i] = 200;
  const std::vector<OneTable> cases{
      {"timer",
       [](auto& w, int) { set_rows(w, 12'400, 50, 5, 20); },
       {"timer"},
       "timer interrupts 250 -> 1.24k/s"},
      {"softirq",
       [](auto& w, int) { set_rows(w, 2500, 5720, 5, 20); },
       {"softirq RCU"},
       "softirq RCU 5 -> 572/s"},
      {"device",
       [](auto& w, int) { set_rows(w, 2500, 50, 90, 20); },
       {"irq 24 nvme0q1"},
       "irq 24 nvme0q1 0.5 -> 9/s"},
      {"ipi",
       [](auto& w, int) { set_rows(w, 2500, 50, 5, 400); },
       {"reschedule"},
       "reschedule IPIs 2 -> 40/s"},
      {"a fall",
       [](auto& w, int) { set_rows(w, 10, 50, 5, 20); },
       {"timer"},
       "timer interrupts 250 -> 1/s"},
      {"limit",
       [&](auto& w, int) { hear(w, longer); },
       {"over 100 us", "time lost"},
       "gaps over 100 us 0 -> 7.20k/h; time lost 360 us -> 640 us/s; longest 200 us"},
      {"time lost",
       [](auto& w, int) { hear(w, std::vector<double>(60, 95)); },
       {"time lost"},
       "time lost 360 us -> 570 us/s"},
      {"CPU time",
       [](auto& w, int) { w.cpu_times[1].softirq = 0.8; },
       {"softirq"},
       "CPU time in softirq 0.00 -> 8.00 %"},
  };
  for (const auto& one : cases) {
    const auto findings = analyse(moved(one.move));
    EXPECT_EQ(changed(findings), one.rows) << one.name;
    const auto text = conclusion(findings);
    EXPECT_TRUE(has(text, one.text)) << one.name << ":\n" << text;
    EXPECT_FALSE(has(text, "no measurable effect")) << one.name << ":\n" << text;
  }
}

TEST(Conclusion, WithoutAnyChangeItSaysWhatWouldHaveShown) {
  const auto findings = analyse(moved([](auto&, int) {}));
  EXPECT_TRUE(changed(findings).empty());
  const auto text = conclusion(findings);
  EXPECT_TRUE(has(text, "no measurable effect moved detectable rise")) << text;
  EXPECT_TRUE(has(text, "detectable rise gaps over 10 us +")) << text;
  EXPECT_TRUE(has(text, "timer interrupts +62.5/s")) << text;  // a quarter of 250/s
}

TEST(Conclusion, WhatWouldHaveShownDoes) {
  const auto quiet = analyse(moved([](auto&, int) {}));
  for (const auto& row : quiet.effects.at(0).rows) {
    if (row.row != "irq 24 nvme0q1") continue;
    const auto enough = static_cast<std::uint64_t>(std::ceil((row.arm + row.could_show) * 10));
    EXPECT_GT(enough, 5u);
    const auto at = [&](std::uint64_t count) {
      return changed(analyse(moved([=](auto& w, int) { set_rows(w, 2500, 50, count, 20); })));
    };
    EXPECT_EQ(at(enough), std::vector<std::string>{"irq 24 nvme0q1"});
    EXPECT_TRUE(at(enough - 1).empty());
  }
}

TEST(Conclusion, OneBurstOfThreeRepeatsIsUnclear) {
  const auto findings = analyse(moved(
      [](auto& window, int repeat) { set_rows(window, 2500, 50, repeat == 1 ? 90 : 5, 20); }));
  EXPECT_TRUE(changed(findings).empty());
  const auto text = conclusion(findings);
  EXPECT_TRUE(has(text, "unclear, the repeats disagree: irq 24 nvme0q1 0.5 -> 3.33/s")) << text;
  EXPECT_FALSE(has(text, "no measurable effect")) << text;
}

TEST(Conclusion, OneLongGapIsNoChangeOfTheTimeLost) {
  const auto findings = analyse(moved([](auto& window, int repeat) {
    if (repeat != 2) return;
    std::vector<double> gaps(60, 60);
    gaps[7] = 40'000;
    hear(window, gaps);
  }));
  EXPECT_TRUE(changed(findings).empty());
}

TEST(Conclusion, AProbeThatHeardNothingIsNotJudged) {
  const auto text = conclusion(
      analyse(moved([](auto& window, int) { window.probe.cpus[0].error = "moved to CPU 0"; })));
  EXPECT_TRUE(has(text, "moved not judged: gaps: no data of the probe;")) << text;
}

class TracedConclusion : public testing::Test {
 protected:
  test::TemporaryDirectory directory_;
  test::TracedRecording made_{directory_.path()};
};

TEST_F(TracedConclusion, NamesTheTaskWhereOnlyTasksMoved) {
  made_.add_visits("idle", {"kworker/1:1"}, 100);
  made_.add_visits("burst", {"rt_burst"}, 100);
  const auto findings = analyse(made_.recording());
  const auto text = conclusion(findings);
  EXPECT_TRUE(has(text, "task rt_burst 0 -> 10/s")) << text;
  for (const auto& row : changed(findings)) EXPECT_TRUE(row == "rt_burst" || row == "kworker/1");
}

TEST_F(TracedConclusion, ALostTraceIsNotJudged) {
  made_.add_visits("idle", {"kworker/1:1"}, 100);
  auto& window = made_.add_visits("lost", {"kworker/1:1"}, 100);
  auto meta = TraceMeta::read(window.notes).value();
  meta.loss[1].dropped = 7;
  meta.write(window.notes);
  const auto text = conclusion(analyse(made_.recording()));
  EXPECT_TRUE(
      has(text, "not judged: trace lost (7 events lost); no measurable effect in the other"))
      << text;
}

// As a CPU that goes offline leaves it: the observer failed before it read what was lost.
TEST_F(TracedConclusion, ATraceThatWasNotCollectedIsNotJudged) {
  made_.add_visits("idle", {"kworker/1:1"}, 100);
  auto& window = made_.add_visits("hotplug", {"kworker/1:1"}, 100);
  window.warnings = {make_warning(WarningId::observer_failed, "cpu2: no such device")};
  EXPECT_TRUE(has(conclusion(analyse(made_.recording())), "trace lost (cpu2: no such device)"));
}

TEST_F(TracedConclusion, ATraceThatTheCountersContradictIsNotJudged) {
  made_.add_visits("idle", {"kworker/1:1"}, 100);
  auto& window = made_.add_visits("partial", {"kworker/1:1"}, 100);
  window.interrupts[0].after[1] += 400;
  const auto text = conclusion(analyse(made_.recording()));
  EXPECT_TRUE(has(text, "trace lost (CPU 1: 100 of 500 reschedule IPIs)")) << text;
}

/// Knuth's; small means only.
std::uint64_t poisson(Random& random, double mean) {
  const double limit = std::exp(-mean);
  std::uint64_t count = 0;
  for (double product = 1; product > limit; ++count)
    product *= static_cast<double>(random.below(1 << 30) + 1) / (1 << 30);
  return count - 1;
}

// Two arms with equal rates: 5 % of arms may show a change, whatever the number of rows.
TEST(ArmEffects, OfTwoArmsAlikeAreRare) {
  Random random(7);
  int shown = 0;
  constexpr int kRuns = 100;
  for (int run = 0; run < kRuns; ++run) {
    RecordingBuilder builder;
    const std::vector<int> arms{builder.arm("idle"), builder.arm("alike", {"command"})};
    for (int repeat = 0; repeat < kRepeats; ++repeat)
      for (const int arm : arms) {
        auto& window = builder.window(arm, std::vector<double>(poisson(random, 30), 15));
        for (int row = 0; row < 20; ++row)
          window.interrupts.push_back(
              grown_row(std::to_string(row), "PCI-MSI dev", "device", poisson(random, 1 + row)));
      }
    shown += !changed(analyse(builder.recording())).empty();
  }
  EXPECT_LE(shown, kRuns / 20);
}

}  // namespace
}  // namespace isolab
