// SPDX-License-Identifier: Apache-2.0
// Each warning appears when it should and stays away when it should not.
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "analysis/analyse.h"
#include "analysis/model/findings.h"
#include "tests/support/recorded_warning.h"
#include "tests/support/recording_builder.h"

namespace isolab {
namespace {

using test::RecordingBuilder;

/// A recording without anything to warn of but its short exposure.
RecordingBuilder clean() {
  RecordingBuilder builder;
  const int idle = builder.arm("idle");
  for (int i = 0; i < 3; ++i) {
    auto& window = builder.window(idle, {2, 3});
    window.interrupts = {test::calls(100), test::shootdowns(10)};
    window.cpu_times[0] = {0, 0.1, 0.1, 0, 0, 0, 9.8};
  }
  return builder;
}

std::vector<std::string> ids(const Findings& findings) {
  std::vector<std::string> out;
  for (const auto& found : findings.warnings) out.push_back(found.warning.id);
  return out;
}

TEST(Warnings, ACleanRecordingOnlyHasItsShortExposure) {
  EXPECT_EQ(ids(analyse(clean().recording())), std::vector<std::string>{"short_exposure"});
}

struct Input {
  const char* id;
  std::function<void(Recording&)> change;
};

class WarningCase : public ::testing::TestWithParam<Input> {};

TEST_P(WarningCase, IsRaised) {
  auto builder = clean();
  GetParam().change(builder.recording());
  EXPECT_THAT(ids(analyse(builder.recording())), ::testing::Contains(GetParam().id));
}

INSTANTIATE_TEST_SUITE_P(
    All, WarningCase,
    ::testing::Values(
        Input{"recording_incomplete", [](Recording& r) { r.manifest.status = "running"; }},
        Input{"windows_left_out",
              [](Recording& r) { r.windows[0].status = "failed: the probe died"; }},
        Input{"probe_error",
              [](Recording& r) { r.windows[0].probe.cpus[0].error = "moved to CPU 0"; }},
        Input{"workload_error",
              [](Recording& r) {
                r.windows[0].work = {test::work_of("x", 1, -1, "")};
                r.windows[0].work[0].error = "died: signal 9";
              }},
        Input{"operation_cut",
              [](Recording& r) {
                r.windows[0].work = {test::work_of("x", 1, -1, "")};
                r.windows[0].work[0].notes["operation_cut_at"] = "end";
              }},
        Input{"self_check_failed",
              [](Recording& r) { r.windows[0].probe.cpus[0].numbers["iterations"] = 7; }},
        Input{"self_check_failed",
              [](Recording& r) { r.windows[0].probe.cpus[0].numbers["sum_error_ticks"] = -1; }},
        Input{"self_check_failed",
              [](Recording& r) { r.windows[0].probe.cpus[0].numbers["wall_error_ppm"] = -2; }},
        Input{"self_check_failed",
              [](Recording& r) { r.windows[0].probe.cpus[0].numbers["backward_steps"] = 1; }},
        Input{"measured_not_isolated", [](Recording& r) { r.plan.measured_isolated = false; }},
        Input{"hypervisor", [](Recording& r) { r.facts["cpu.hypervisor"] = "KVM"; }},
        Input{"smt_sibling", [](Recording& r) { r.facts["topology.core.0"] = "0-1"; }},
        Input{"governor",
              [](Recording& r) { r.facts["cpu.governor"] = "performance: 0; powersave: 1"; }},
        Input{"unsteady_clock", [](Recording& r) { r.windows[1].probe.line.drift_ppm = -6; }},
        Input{"gaps_dropped", [](Recording& r) { r.windows[0].probe.cpus[0].gaps_dropped = 1; }},
        Input{"steal", [](Recording& r) { r.windows[0].cpu_times[1].steal = 0.01; }},
        Input{"involuntary_switches",
              [](Recording& r) { r.windows[0].footprints[0].involuntary_switches = 1; }},
        Input{"page_faults", [](Recording& r) { r.windows[0].footprints[0].minor_faults = 1; }},
        Input{"idle_not_idle",
              [](Recording& r) {
                for (auto& window : r.windows) window.cpu_times[0].user = 4;
              }},
        Input{"rate_missed",
              [](Recording& r) {
                r.plan.arms.push_back({"load", {{"x", {{"rate", {"10/s"}}}}}, {}, {}, "", {}});
                r.windows[2].arm = 1;
                r.windows[2].work = {test::work_of("x", 80, -1, "")};  // in 10 s
              }},
        Input{"few_repeats", [](Recording& r) { r.windows[0].status = "disturbed: login"; }},
        Input{"repeats_disagree", [](Recording& r) { r.windows[0].interrupts[0].after[1] += 200; }},
        Input{"no_idle_arm",
              [](Recording& r) {
                r.plan.arms[0].settings = {{"/proc/sys/vm/x", "1"}};
              }},
        Input{"rows_disagree", [](Recording& r) { r.windows[0].interrupts[1].after[1] += 100; }},
        Input{"counter_restarted",
              [](Recording& r) {
                r.windows[0].interrupts.push_back(
                    {"24", "PCI-MSI nvme0q1", "device", {{1, 4'294'967'000U}}, {{1, 300}}});
              }},
        Input{"cpu_offline_at_edge",
              [](Recording& r) { r.windows[0].interrupts[0].before.erase(1); }},
        Input{"facts_changed",
              [](Recording& r) { r.facts_after["kernel.command_line"] = "other"; }},
        Input{"direct_map_split",
              [](Recording& r) {
                r.windows[0].work = {test::work_of("direct_map", 1, -1, "")};
                r.windows[0].work[0].notes = {{"direct_map_level2_splits.before", "1"},
                                              {"direct_map_level2_splits.after", "2"}};
              }},
        Input{"heap_fallbacks",
              [](Recording& r) {
                r.windows[0].work = {test::work_of("kernel_build", 1, -1, "")};
                r.windows[0].work[0].at_end["fallbacks"] = 3;
              }},
        Input{"no_whole_round",
              [](Recording& r) {
                r.windows[0].work = {test::work_of("kernel_build", 1, -1, "")};
                r.windows[0].work[0].notes = {{"heap", "secret"}};
              }},
        Input{"fair_server_active",
              [](Recording& r) {
                r.manifest.warnings = {test::recorded_warning("fair_server_active", "a", "b", "c")};
              }},
        Input{"observer_failed", [](Recording& r) {
                r.windows[0].warnings = {test::recorded_warning("observer_failed", "a", "b", "c")};
              }}));

TEST(Warnings, ARateThatIsReachedAndOneThatIsNotKnownAreNotMissed) {
  for (const auto& [rate, operations] :
       std::vector<std::pair<std::string, std::uint64_t>>{{"10/s", 98}, {"max", 1}, {"1/s", 8}}) {
    auto builder = clean();
    auto& recording = builder.recording();
    recording.plan.arms.push_back({"load", {{"x", {{"rate", {rate}}}}}, {}, {}, "", {}});
    recording.windows[2].arm = 1;
    recording.windows[2].work = {test::work_of("x", operations, -1, "")};
    EXPECT_THAT(ids(analyse(recording)), ::testing::Not(::testing::Contains("rate_missed")))
        << rate;
  }
}

// Attribution of the first 4 s, rates by 10: the warning spoke of the gap table alone.
TEST(Warnings, AFullLogSaysHowFarItReaches) {
  auto builder = clean();
  auto& cpu = builder.recording().windows[0].probe.cpus[0];
  cpu.gaps_dropped = 12;
  cpu.gaps = {{cpu.start + 7'900'000'000, 100'000'000}};
  const auto findings = analyse(builder.recording());
  const auto found = std::find_if(findings.warnings.begin(), findings.warnings.end(),
                                  [](const auto& one) { return one.warning.id == "gaps_dropped"; });
  ASSERT_NE(found, findings.warnings.end());
  EXPECT_EQ(found->warning.seen,
            "CPU 1: 12 gaps did not fit into the log of 1, which ends after 4 of 10 s");
  EXPECT_THAT(found->warning.matters, ::testing::HasSubstr("until the log was full"));
}

TEST(Warnings, StealOfOtherCpusIsNotOurs) {
  auto builder = clean();
  builder.recording().windows[0].cpu_times[0].steal = 5;
  EXPECT_THAT(ids(analyse(builder.recording())), ::testing::Not(::testing::Contains("steal")));
}

TEST(Warnings, FactsThatMoveOnTheirOwnAreNoChange) {
  auto builder = clean();
  builder.recording().facts["memory.available_bytes"] = "1";
  builder.recording().facts_after["memory.available_bytes"] = "2";
  EXPECT_THAT(ids(analyse(builder.recording())),
              ::testing::Not(::testing::Contains("facts_changed")));
}

TEST(Warnings, EqualOnesAreMergedAndCounted) {
  auto builder = clean();
  for (auto& window : builder.recording().windows) window.footprints[0].involuntary_switches = 2;
  const auto findings = analyse(builder.recording());
  const auto found =
      std::find_if(findings.warnings.begin(), findings.warnings.end(),
                   [](const auto& one) { return one.warning.id == "involuntary_switches"; });
  ASSERT_NE(found, findings.warnings.end());
  EXPECT_EQ(found->times, 3);
  EXPECT_EQ(found->arms, std::vector<std::string>{"idle"});
  EXPECT_EQ(found->warning.seen, "CPU 1: the probe was preempted 2 times");
}

}  // namespace
}  // namespace isolab
