// SPDX-License-Identifier: Apache-2.0
// What a report and `isolab spikes` say about who interrupted a CPU, byte for byte, of a trace made
// by hand. After a wanted change: ISOLAB_UPDATE_GOLDEN=1, then read the diff.
#include <gmock/gmock.h>

#include <cstdlib>

#include "analysis/analyse.h"
#include "analysis/attribution/interruptions.h"
#include "analysis/model/findings.h"
#include "report/spikes.h"
#include "report/text/attribution.h"
#include "tests/support/golden_file.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/traced_recording.h"

namespace isolab {
namespace {

using testing::HasSubstr;
using testing::Not;

class AttributionReport : public testing::Test {
 protected:
  std::string text(bool full) { return interruptions_text(analyse(made_.recording()), full); }

  const test::TemporaryDirectory directory_;
  test::TracedRecording made_{directory_.path()};
};

TEST_F(AttributionReport, OfOneArmIsToldInFull) {
  made_.add_toggle();
  const auto told = text(false);
  test::expect_page(told);
  test::expect_golden("report/attribution.txt", told);
}

TEST_F(AttributionReport, WorkSoftirqsAndOriginsHaveNames) {
  made_.add_deferred("deferred");
  const auto told = text(true);
  EXPECT_THAT(told, HasSubstr("    1 x kworker/0:1 running netstamp_clear (pid 45 on CPU 0) queued "
                              "by opener (pid 300) on CPU 0:"));
  EXPECT_THAT(told, HasSubstr("other_task kworker/1 refresh_vm_stats (queued by)\n"
                              "    1 x opener (pid 300 on CPU 0)\n"));
  EXPECT_THAT(told, HasSubstr("softirq BLOCK (raised by)\n"
                              "    1 x device virtio1 (irq 36) on CPU 1\n"));
  const auto spikes = render_spikes(made_.recording(), {});
  ASSERT_TRUE(spikes) << spikes.error().text();
  EXPECT_THAT(*spikes, HasSubstr("queued 1.00 ms earlier by opener (pid 300) on CPU 0"));
  EXPECT_THAT(*spikes, HasSubstr("raised 1 us earlier by device virtio1 (irq 36) on CPU 1"));
  const auto json = spikes_to_json(made_.recording(), {});
  ASSERT_TRUE(json);
  EXPECT_THAT(*json, HasSubstr(R"("function": "netstamp_clear")"));
  EXPECT_THAT(*json, HasSubstr(R"x("within": "device virtio1 (irq 36)")x"));
}

TEST_F(AttributionReport, OfManyArmsIsToldInBrief) {
  made_.add_toggle();
  for (const auto* arm : {"a", "b", "c", "d"}) made_.add_small(arm);
  const auto told = text(false);
  test::expect_page(told);
  test::expect_golden("report/attribution_brief.txt", told);
  EXPECT_THAT(text(true), HasSubstr("class and callback"));
}

TEST_F(AttributionReport, ADisagreementWithTheCountersIsAWarning) {
  made_.add_toggle();
  const auto findings = analyse(made_.recording());
  const auto seen = std::find_if(findings.warnings.begin(), findings.warnings.end(), [](auto& one) {
    return one.warning.id == "trace_counters_disagree";
  });
  ASSERT_NE(seen, findings.warnings.end());
  EXPECT_EQ(seen->warning.seen,
            "toggle, CPU 1: 0 reschedule IPIs in the trace, 9 by RES in /proc/interrupts");
}

TEST_F(AttributionReport, ACpuThatWasOfflineAtAnEdgeIsNotCompared) {
  made_.add_toggle();
  for (auto& row : made_.recording().windows[0].interrupts)
    if (row.id == "RES") row.after.erase(1);
  for (const auto& one : analyse(made_.recording()).warnings)
    EXPECT_NE(one.warning.id, "trace_counters_disagree") << one.warning.seen;
}

TEST_F(AttributionReport, WhereTheTraceLostEventsTheHostIsNotBlamed) {
  made_.add_toggle();
  auto& notes = made_.recording().windows[0].notes;
  auto meta = TraceMeta::read(notes).value();
  meta.loss[1].overrun = 3;
  meta.write(notes);
  const auto told = text(false);
  EXPECT_THAT(told, HasSubstr("3 events lost"));
  EXPECT_THAT(told, HasSubstr("no period found, unexplained"));
  EXPECT_THAT(told, Not(HasSubstr("in phase with a timer")));
}

TEST_F(AttributionReport, TheTracesOwnShareIsItsEventsInGaps) {
  made_.add_toggle();
  EXPECT_THAT(text(true), Not(HasSubstr("each at least")));
  auto& notes = made_.recording().windows[0].notes;
  auto meta = TraceMeta::read(notes).value();
  meta.other["event_cost_ns"] = "200";
  meta.write(notes);
  const auto findings = analyse(made_.recording());
  const auto& cpu = findings.interruptions.cpus.at(0);
  const auto events = static_cast<double>(cpu.events - cpu.events_outside);
  ASSERT_GT(events, 100);
  EXPECT_DOUBLE_EQ(cpu.trace_share(), events * 0.2 / cpu.lost_us);
  EXPECT_THAT(text(true), HasSubstr("each at least 200 ns (measured before the windows)"));
}

TEST_F(AttributionReport, SpikesTellTheWholeStory) {
  made_.add_toggle();
  SpikeOptions options;
  options.limit = 3;
  test::expect_golden("report/spikes.txt", render_spikes(made_.recording(), options).value());
  test::expect_golden("report/spikes.json", spikes_to_json(made_.recording(), options).value());
  options.over = std::chrono::seconds(1);
  EXPECT_THAT(render_spikes(made_.recording(), options).value(), HasSubstr("no gap"));
  EXPECT_THAT(spikes_to_json(made_.recording(), options).value(), HasSubstr("\"spikes\": []"));
}

TEST_F(AttributionReport, SpikesSayWhatTheyDoNotCover) {
  made_.add_toggle();
  const SpikeOptions options;
  const auto whole = render_spikes(made_.recording(), options).value();
  EXPECT_THAT(whole, Not(HasSubstr("gap log was full")));
  EXPECT_THAT(whole, Not(HasSubstr("not known")));
  auto& window = made_.recording().windows[0];
  window.probe.cpus[0].gaps_dropped = 5;
  EXPECT_THAT(render_spikes(made_.recording(), options).value(),
              HasSubstr("the gap log was full, 5 gaps are not in it"));
  auto meta = TraceMeta::read(window.notes).value();
  meta.cut[window.probe.cpus[0].cpu] = {};
  meta.write(window.notes);
  const auto cut = render_spikes(made_.recording(), options).value();
  EXPECT_THAT(cut, HasSubstr("not known: its trace is cut"));
  EXPECT_THAT(cut, HasSubstr("no gap over"));
  EXPECT_THAT(spikes_to_json(made_.recording(), options).value(),
              HasSubstr("not known: its trace is cut"));
}

TEST_F(AttributionReport, TheTracesCostIsThatOfTheArmWithoutIt) {
  made_.add_toggle();
  const auto effects = observer_effects(made_.recording());
  ASSERT_EQ(effects.size(), 1u);
  EXPECT_EQ(effects[0].arm, "toggle");
  EXPECT_DOUBLE_EQ(effects[0].traced_p50_us, 25);
  EXPECT_DOUBLE_EQ(effects[0].untraced_p50_us, 9.5);
  EXPECT_EQ(effects[0].traced_gaps, 1046u);
  EXPECT_EQ(effects[0].untraced_gaps, 30u);
  EXPECT_NEAR(effects[0].p50_percent(), 100 * (25 - 9.5) / 9.5, 1e-9);
  EXPECT_NEAR(effects[0].rate_percent(), 100 * (104.6 - 3) / 3, 1e-9);
  EXPECT_LT(effects[0].rate_low_percent, effects[0].rate_percent());
  EXPECT_GT(effects[0].rate_high_percent, effects[0].rate_percent());
}

}  // namespace
}  // namespace isolab
