// SPDX-License-Identifier: Apache-2.0
// The first screen of a report, byte for byte, and what it never leaves out. After a wanted change:
// ISOLAB_UPDATE_GOLDEN=1 build/tests/unit_report --gtest_filter='ShortReport*', then read the diff.
#include "report/text/short_report.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "analysis/analyse.h"
#include "report/text/arm_verdict.h"
#include "report/text/colour.h"
#include "report/worst_gap.h"
#include "results/recording.h"
#include "tests/support/golden_file.h"
#include "tests/support/report_recordings.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/traced_recording.h"

namespace isolab {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::string screen(const Recording& recording, std::size_t width = kReportWidth) {
  auto text = render_short_report(analyse(recording), worst_gap_text(recording), width);
  test::expect_page(text, width);
  return text;
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

Recording loaded(const std::string& name) {
  return load_recording(std::string(ISOLAB_SOURCE_DIR) + "/tests/golden/recordings/" + name)
      .value();
}

/// A recording without workloads; the measured CPU is isolated and quiet.
Recording idle_only() {
  test::RecordingBuilder builder;
  const int idle = builder.arm("idle");
  for (int repeat = 0; repeat < 3; ++repeat)
    builder.window(idle, {}).interrupts = {test::calls(0), test::shootdowns(0)};
  return builder.recording();
}

class ShortReport : public testing::Test {
 protected:
  /// As profiles/quick.yaml leaves it: 15 arms with causes, one that cannot run, warnings of a
  /// guest that isolates nothing.
  Recording& fifteen_arms() {
    auto& recording = made_.recording();
    recording.plan.measured_isolated = false;
    recording.plan.measured_why = "the last CPU: this kernel isolates none";
    recording.facts["cpu.hypervisor"] = "KVM";
    recording.facts["cpu.model"] = "A processor with a long name (family 26 model 2 stepping 1)";
    recording.facts_after = recording.facts;
    for (int i = 0; i < 15; ++i) {
      auto& window = made_.add_visits(i == 0 ? "idle" : fmt::format("mprotect_shootdn_{}", i),
                                      {"kworker/1:1", "shell"}, 100U + 10U * unsigned(i));
      window.footprints = {{1, 0, 164, 0, 0}};
    }
    recording.plan.arms.push_back(recording.plan.arms.back());
    recording.plan.arms.back().name = "kfence_sampling";
    recording.plan.arms.back().not_applicable = "this kernel is built without KFENCE";
    return recording;
  }

  const test::TemporaryDirectory directory_;
  test::TracedRecording made_{directory_.path()};
};

TEST_F(ShortReport, OfABusyLoop) {
  test::expect_golden("report/short_busy_loop.txt", screen(test::busy_loop_recording()));
}

TEST_F(ShortReport, OfAnImportedCyclictestOnCpusThatAreNotIsolated) {
  const auto text = screen(test::cyclictest_recording());
  EXPECT_THAT(text, HasSubstr("CPUs 1-2 NOT ISOLATED ("));
  test::expect_golden("report/short_cyclictest.txt", text);
}

TEST_F(ShortReport, OfARunThatWasCutShort) {
  const auto text = screen(test::cut_short_recording());
  EXPECT_THAT(text, HasSubstr("INCOMPLETE: interrupted"));
  test::expect_golden("report/short_cut_short.txt", text);
}

TEST_F(ShortReport, OfTheIdleArmAloneHasTheBoundsOfItsZeros) {
  const auto text = screen(idle_only());
  EXPECT_THAT(text, HasSubstr("0 (<359)"));
  EXPECT_THAT(text, HasSubstr("no IPI (<0.0999/s)"));
  EXPECT_THAT(text, HasSubstr("worst gap  none over 1 us\n"));
  test::expect_golden("report/short_idle.txt", text);
}

TEST_F(ShortReport, OfATraceThatLostEvents) {
  const auto text = screen(loaded("lossy"));
  EXPECT_THAT(text, HasSubstr("too few operations"));
  EXPECT_THAT(text, HasSubstr("gaps did not fit into the log"));
  test::expect_golden("report/short_lossy.txt", text);
}

TEST_F(ShortReport, OfATracedArmHasCausesSendersAndTheWorstGap) {
  made_.add_toggle();
  test::expect_golden("report/short_traced.txt", screen(made_.recording()));
}

TEST_F(ShortReport, OfAnEmulatedGuestHasNoTimes) {
  made_.add_visits("idle", {"kworker/1:1"}, 100);
  made_.add_visits("visits", {"visitor"}, 400);
  made_.recording().facts["cpu.emulated"] = "yes: QEMU";
  made_.recording().facts_after = made_.recording().facts;
  const auto text = screen(made_.recording());
  EXPECT_THAT(text, HasSubstr("EMULATED, times are withheld: "));
  EXPECT_THAT(text, Not(ContainsRegex("[0-9] [mu]s")));
  EXPECT_THAT(text, Not(HasSubstr("worst gap")));
  test::expect_golden("report/short_emulated.txt", text);
}

TEST_F(ShortReport, OfFifteenArmsFitsAScreen) {
  const auto text = screen(fifteen_arms());
  EXPECT_LE(lines(text), kScreenLines) << text;
  EXPECT_THAT(text, Not(HasSubstr("more arms have causes"))) << text;
  for (const auto& arm : made_.recording().plan.arms) EXPECT_THAT(text, HasSubstr(arm.name));
  EXPECT_THAT(text, ContainsRegex("warnings  [a-z_, ]*involuntary_switches \\(15\\)"));
}

TEST_F(ShortReport, OfMoreArmsThanAScreenHoldsHasANumberOfEachAndCountsTheHiddenCauses) {
  auto& recording = fifteen_arms();
  for (int i = 0; i < 8; ++i) made_.add_visits(fmt::format("more_{}", i), {"shell"}, 200);
  const auto text = screen(recording);
  EXPECT_LE(lines(text), kScreenLines) << text;
  for (const auto& arm : recording.plan.arms) EXPECT_THAT(text, HasSubstr(arm.name));
  EXPECT_THAT(text, ContainsRegex("\n  [0-9]+ more arms have causes: isolab report DIR --section"));
}

TEST_F(ShortReport, FitsANarrowTerminal) {
  screen(fifteen_arms(), kLeastShortWidth);
  screen(test::busy_loop_recording(), kLeastShortWidth);
}

TEST_F(ShortReport, AChangeOfOneCpuAloneIsNamed) {
  test::RecordingBuilder builder;
  builder.window(builder.arm("idle"), {2});
  builder.window(builder.arm("load", {"command"}), {2});
  auto findings = analyse(builder.recording());
  EXPECT_THAT(render_short_report(findings, ""), HasSubstr("no measurable effect  load"));
  findings.effects.at(0).rows = {{EffectTable::gaps, "over 10 us", 3, 0, 0.005, 0.01, 20, 0, true}};
  const auto text = render_short_report(findings, "");
  EXPECT_THAT(text, HasSubstr("\n  gaps over 10 us on CPU 3 0 -> 18/h\n"));
  EXPECT_THAT(text, Not(HasSubstr("no measurable effect")));
}

TEST_F(ShortReport, NoShareIsRoundedToNoneOrAll) {
  made_.add_toggle();
  auto findings = analyse(made_.recording());
  const auto cell = [&](std::uint64_t unexplained) {
    auto& cpu = findings.interruptions.cpus.at(0);
    cpu.ticks_per_second = 1;
    cpu.budget.wall = 100'000;
    cpu.budget.parts = {{"unexplained", unexplained, 1},
                        {"outside_kernel", 100'000 - unexplained, 1}};
    return verdict_of(findings, findings.arms.at(0), 10, 98).cells;
  };
  EXPECT_EQ(cell(1).unexplained, "<1 %");
  EXPECT_EQ(cell(1).outside, ">99 %");
  EXPECT_EQ(cell(0).unexplained, "0 %");
  EXPECT_EQ(cell(0).outside, "100 %");
}

TEST_F(ShortReport, TheThresholdIsTheHighestThatMostArmsPass) {
  test::RecordingBuilder builder;
  builder.window(builder.arm("idle"), {2, 30});
  builder.window(builder.arm("load", {"command"}), {2, 30, 200});
  EXPECT_EQ(telling_threshold(analyse(builder.recording())), 20);
  EXPECT_EQ(telling_threshold(analyse(idle_only())), 1);
}

TEST_F(ShortReport, TheWorstGapSaysWhyItsCauseIsNotKnown) {
  EXPECT_THAT(worst_gap_text(test::busy_loop_recording()),
              testing::MatchesRegex("160 us in direct_map \\(CPU 1, [0-9.]+ s into repeat 1\\): "
                                    "cause not known: the window was not traced"));
  made_.add_toggle();
  auto& window = made_.recording().windows[0];
  EXPECT_THAT(worst_gap_text(made_.recording()), HasSubstr("task kworker/1, "));
  auto meta = TraceMeta::read(window.notes).value();
  meta.cut[1] = {};
  meta.write(window.notes);
  EXPECT_THAT(worst_gap_text(made_.recording()), HasSubstr("the CPU's trace is cut"));
  window.status = "disturbed: by hand";
  EXPECT_THAT(worst_gap_text(made_.recording()), HasSubstr("9.50 us in toggle untraced"));
}

std::string without_colour(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\x1b') {
      at = text.find('m', at) + 1;
      continue;
    }
    out += text[at++];
  }
  return out;
}

TEST_F(ShortReport, ColourAddsNothingButColour) {
  for (const auto& recording : {test::busy_loop_recording(), test::cyclictest_recording()}) {
    const auto text = screen(recording);
    const auto on_terminal = coloured(text);
    EXPECT_NE(on_terminal, text);
    EXPECT_EQ(without_colour(on_terminal), text);
  }
}

TEST(Colour, MarksWhatLimitsANumber) {
  EXPECT_EQ(coloured("CPU 1 NOT ISOLATED (why)\n"), "CPU 1 \x1b[1;31mNOT ISOLATED\x1b[0m (why)\n");
  EXPECT_EQ(coloured("16.00 as expected\n"), "16.00 \x1b[32mas expected\x1b[0m\n");
  EXPECT_EQ(coloured("0.02 too few operations"), "0.02 \x1b[33mtoo few operations\x1b[0m");
  EXPECT_EQ(coloured("a  270 ms*   1 %\n"), "a  \x1b[1m270 ms*\x1b[0m   1 %\n");
  EXPECT_EQ(coloured("318*  3"), "\x1b[1m318*\x1b[0m  3");
  EXPECT_EQ(coloured("* differs\n"), "* differs\n");
  EXPECT_EQ(coloured("Warnings\n--------\n"), "\x1b[1mWarnings\x1b[0m\n--------\n");
  EXPECT_EQ(coloured("41.3 us  idle #0  CPU 1  at 3.44 s\n    traced 1 us\n"),
            "\x1b[1m41.3 us  idle #0  CPU 1  at 3.44 s\x1b[0m\n    traced 1 us\n");
  EXPECT_EQ(coloured("12 gaps  CPU 1  in 3 s\n"), "12 gaps  CPU 1  in 3 s\n");
  EXPECT_EQ(coloured("INDIFFERENT DIFFERENTLY\n"), "INDIFFERENT DIFFERENTLY\n");
  EXPECT_EQ(coloured(""), "");
}

}  // namespace
}  // namespace isolab
