// SPDX-License-Identifier: Apache-2.0
// Interruptions caused on purpose on the real machine, from profile to findings: every one has the
// class of its cause, and remote callbacks have their senders.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "analysis/analyse.h"
#include "analysis/model/findings.h"
#include "base/exit_code.h"
#include "cli/command_line.h"
#include "host/facts/facts.h"
#include "host/os.h"
#include "results/recording.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

constexpr const char* kProfile = R"(
name: attribution_test
question: does every interruption get the class of its cause?
cpus: {measured: auto}
probe: {busy_loop: {threshold: 1us}}
observe: [interrupts, ipi_trace]
arms:
  idle: {}
  membarrier: {workloads: [membarrier: {rate: 500/s}]}
  remote_read: {workloads: [remote_read: {rate: 500/s, variant: cpuid}]}
  ftrace_toggle: {workloads: [ftrace_toggle: {rate: 20/s}]}
  direct_map: {workloads: [direct_map: {rate: 20/s, pages: 8}]}
design: {repeats: 1, warmup: 300ms, measure: 2s}
)";

class Injected : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_root()) GTEST_SKIP() << "needs root";
    // Its own: what a killed run left on this machine would be refused here.
    ::setenv("ISOLAB_STATE_DIR", (directory_ / "state").c_str(), 1);
    std::ofstream(directory_ / "test.yaml") << kProfile;
    const std::string profile = directory_ / "test.yaml", output = directory_ / "recording";
    testing::internal::CaptureStdout();
    const ExitCode code = carry_out(
        {"attribution_test", "run", profile, "-o", output, "--no-plots", "--quiet"},
        [] { return std::vector{verb_run()}; }, "0");
    testing::internal::GetCapturedStdout();
    if (code == ExitCode::not_applicable) GTEST_SKIP() << "nothing of the profile can run here";
    ASSERT_THAT(code, testing::AnyOf(ExitCode::done, ExitCode::disturbed));
    auto recording = load_recording(output);
    ASSERT_TRUE(recording) << recording.error().text();
    findings_ = analyse(*recording);
    for (const auto& window : findings_.interruptions.windows)
      if (window.level != "A") GTEST_SKIP() << "trace level " << window.level << " here";
  }

  /// "class/subclass" of all that tasks of this name sent in the arm.
  std::map<std::string, std::uint64_t> sent_by(const std::string& arm, const std::string& comm,
                                               const std::string& callback = "") const {
    std::map<std::string, std::uint64_t> out;
    for (const auto& cpu : findings_.interruptions.cpus)
      for (const auto& cause : cpu.causes)
        for (const auto& sender : cause.senders)
          if (cpu.arm == arm && (sender.comm == comm || cause.name.what == callback))
            out[cause.name.klass + "/" + cause.name.subclass] += sender.count;
    return out;
  }

  const test::TemporaryDirectory scratch_;
  const std::filesystem::path directory_ = scratch_.path();
  Findings findings_;
};

TEST_F(Injected, EveryCauseHasItsClassAndItsSender) {
  ASSERT_FALSE(findings_.interruptions.cpus.empty());
  std::uint64_t callbacks = 0, joined = 0, unknown = 0, ticks = 0, reschedules = 0, unsent = 0;
  for (const auto& cpu : findings_.interruptions.cpus) {
    callbacks += cpu.callbacks, joined += cpu.callbacks_joined;
    reschedules += cpu.reschedule_ipis, unsent += cpu.reschedule_ipis - cpu.reschedules_joined;
    EXPECT_EQ(cpu.budget.sum(), cpu.budget.wall) << cpu.arm;
    EXPECT_EQ(cpu.events_outside, 0u) << cpu.arm;
    for (const auto& check : cpu.checks)
      EXPECT_TRUE(check.agrees()) << cpu.arm << ": " << check.what << " " << check.traced << " "
                                  << check.counted << " +- " << check.slack;
    for (const auto& cause : cpu.causes) {
      if (cause.name.klass == "unknown") unknown += cause.callbacks;
      if (cause.name.kind == CauseKind::tick) ticks += cause.callbacks;
      if (cause.name.kind == CauseKind::reschedule) {
        EXPECT_THAT(cause.name.klass, testing::AnyOf("scheduler", "task_sync", "other"));
      }
    }
  }
  EXPECT_GT(callbacks, 1000u);
  // A call queued before the window, or run after it, lacks its other half: two an arm at most.
  EXPECT_LE(callbacks - joined, callbacks / 1000 + 2 * findings_.interruptions.cpus.size());
  EXPECT_LE(unsent, reschedules / 20 + 2 * findings_.interruptions.cpus.size());
  EXPECT_EQ(unknown, 0u);
  // The measured CPU may have been booted without one.
  const SystemFiles files;
  if (read_kernel_facts(files).nohz_full.empty()) {
    EXPECT_GT(ticks, 0u);
  }

  const auto barriers = sent_by("membarrier", "-", "ipi_mb");
  EXPECT_EQ(barriers.size(), 1u);
  EXPECT_GT(barriers.count("task_sync/membarrier"), 0u);
  for (const auto& [klass, count] : sent_by("remote_read", "remote_read"))
    EXPECT_THAT(klass, testing::AnyOf("remote_read/perf_event", "remote_read/cpuid",
                                      "scheduler/resched", "scheduler/ttwu", "user_tlb/user_tlb"));
  for (const auto& [klass, count] : sent_by("ftrace_toggle", "ftrace_toggle", "do_sync_core"))
    EXPECT_THAT(klass, testing::AnyOf("text_patch/jump_label", "text_patch/static_call",
                                      "text_patch/ftrace", "scheduler/resched", "scheduler/ttwu",
                                      "task_sync/rcu_exp", "user_tlb/user_tlb"));
  const auto direct = sent_by("direct_map", "direct_map");
  const bool broadcast = findings_.facts.at("kernel.tlb_flush").starts_with("broadcast");
  EXPECT_EQ(direct.count("kernel_tlb/range") > 0, !broadcast);
  for (const auto& [klass, count] : direct)
    EXPECT_THAT(klass, testing::AnyOf("kernel_tlb/range", "kernel_tlb/set_memory", "kernel_tlb/all",
                                      "scheduler/resched", "scheduler/ttwu", "user_tlb/user_tlb"));
}

}  // namespace
}  // namespace isolab
