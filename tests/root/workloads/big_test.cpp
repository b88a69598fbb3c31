// SPDX-License-Identifier: Apache-2.0
// The big workloads on the real kernel: they work, count what they do, stop at once, and leave
// tracefs as it was. Run as their users run them: claims by a state guard, the workload in a child.
#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>

#include "base/interrupts.h"
#include "host/arch/cycles.h"
#include "host/guard.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/workload_bench.h"
#include "workloads/contract/workload_process.h"
#include "workloads/support/lazy_purge.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr Nanos kStopLimit = 2s;  // the promise is 1 s; test machines are shared
constexpr const char* kInstances = "/sys/kernel/tracing/instances";

class BigWorkloads : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!is_root()) GTEST_SKIP() << "needs root";
    facts_ = read_host_facts(files_);
    if (facts_.online.count() < 2) GTEST_SKIP() << "needs two CPUs";
    instances_ = files_.list(kInstances).value_or(std::vector<std::string>{});
    guard_.emplace(files_, scratch_ / "journal");
  }
  void TearDown() override {
    if (guard_) {
      for (const auto& problem : guard_->restore())
        ADD_FAILURE() << problem.path << ": " << problem.what;
      EXPECT_EQ(files_.list(kInstances).value_or(std::vector<std::string>{}), instances_);
    }
  }

  WorkloadSetup setup() {
    WorkloadSetup setup{
        {files_, facts_}, facts_.online - measured(), measured(), scratch_ / "log", cache(), {}};
    return setup;
  }
  CpuSet measured() const { return {facts_.online.last().value()}; }
  /// The suite's own cache: unpacking the kernel takes half a minute, so it is kept like the
  /// program's.
  static fs::path cache() {
    const char* named = std::getenv("ISOLAB_CACHE");
    return named != nullptr ? fs::path(named) : fs::path("/var/cache/isolab");
  }

  /// As the runner does it, before the dry run as well as before the run.
  Result<void> claim_all(const WorkloadInfo& info, const ParamValues& values, WorkloadSetup& with) {
    for (const auto& claim : TRY(info.claims(values, with.host))) {
      if (claim.kind == Claim::Kind::directory) {
        TRY(guard_->make_dir(claim.path));
        with.directories.push_back(claim.path);
      } else {
        with.knobs.emplace(claim.path, TRY(guard_->claim(claim.path)));
      }
    }
    return {};
  }

  /// The dry run's error, or nothing.
  std::optional<Error> refusal(const WorkloadInfo& info, const ParamValues& values) {
    auto with = setup();
    const std::size_t mark = guard_->mark();
    auto outcome = claim_all(info, values, with);
    if (outcome) outcome = dry_run_in_child(info, values, with);
    for (const auto& problem : guard_->restore_to(mark)) ADD_FAILURE() << problem.what;
    if (outcome) return std::nullopt;
    return outcome.error();
  }

  /// Prepares, runs for `span`, or less when the count `until` has been reached once, and stops;
  /// the counts of the record's at_end are final.
  Result<WorkRecord> run(const WorkloadInfo& info, const ParamValues& values, Nanos span,
                         const std::function<void()>& ready = {}, const std::string& until = {}) {
    auto with = setup();
    TRY(claim_all(info, values, with));
    auto work = TRY(WorkloadProcess::launch(info, values, with));
    TRY(work.wait_ready(4min));
    if (ready) ready();
    work.go();
    const std::uint64_t end = mono_raw_ns() + static_cast<std::uint64_t>(span.count());
    while (mono_raw_ns() < end && !work.failure() && (until.empty() || work.counts()[until] == 0))
      sleep_for(20ms);
    const std::uint64_t asked = mono_raw_ns();
    WorkRecord record = work.stop(5s);
    stopped_within_ = Nanos(mono_raw_ns() - asked);
    return record;
  }

  std::uint64_t function_calls(int cpu) const {
    const auto text = files_.read("/proc/interrupts");
    if (!text) return 0;
    const auto rows = parse_interrupts(*text);
    if (!rows) return 0;
    for (const auto& row : *rows)
      if (row.kind == "function_call") return row.before.at(cpu);
    return 0;
  }

  SystemFiles files_;
  HostFacts facts_;
  const test::TemporaryDirectory directory_;
  const fs::path scratch_ = directory_.path();
  std::vector<std::string> instances_;
  std::optional<StateGuard> guard_;
  Nanos stopped_within_{0};
};

#define SKIP_IF_REFUSED(info, values)                                                  \
  if (const auto why = refusal(info, values)) {                                        \
    ASSERT_TRUE(why->kind == ErrorKind::unsupported || why->kind == ErrorKind::denied) \
        << why->text();                                                                \
    GTEST_SKIP() << why->text();                                                       \
  }

std::string words(const WorkRecord& record) {
  std::string text = record.error;
  for (const auto& [key, value] : record.notes) text += "\n" + key + ": " + value;
  return text;
}

TEST_F(BigWorkloads, KernelBuildCompilesAndStopsAtOnce) {
  const auto& info = workloads::kernel_build;
  SKIP_IF_REFUSED(info, {});
  std::uint64_t begin = mono_raw_ns();
  auto record = run(info, {}, 60s, {}, "units");
  ASSERT_TRUE(record) << record.error().text();
  ASSERT_TRUE(record->error.empty()) << words(*record);
  EXPECT_GT(record->at_end["units"], 0u) << words(*record);
  EXPECT_LT(stopped_within_, kStopLimit);
  EXPECT_GT(record->user_seconds, 0.0);
  EXPECT_EQ(record->notes["source_sha256"].size(), 64u) << words(*record);
  EXPECT_EQ(record->notes["config_sha256"].size(), 64u);
  RecordProperty("units", std::to_string(record->at_end["units"]));

  // The second time the cache has everything; and what the kill left behind does not hinder it.
  begin = mono_raw_ns();
  auto again = run(info, {}, 1s);
  ASSERT_TRUE(again) << again.error().text();
  EXPECT_TRUE(again->error.empty()) << words(*again);
  EXPECT_LT(mono_raw_ns() - begin, 15'000'000'000u);
  EXPECT_EQ(again->notes["config_sha256"], record->notes["config_sha256"]);
}

TEST_F(BigWorkloads, KernelBuildOnSecretMemoryCountsItsPages) {
  const ParamValues values{{"heap", {"secret"}}, {"target", {"lib/sort.o"}}};
  SKIP_IF_REFUSED(workloads::kernel_build, values);
  auto record = run(workloads::kernel_build, values, 60s, {}, "rounds");
  ASSERT_TRUE(record) << record.error().text();
  ASSERT_TRUE(record->error.empty()) << words(*record);
  EXPECT_GT(record->at_end["pages"], 1000u) << words(*record);  // one cc1 takes more
  EXPECT_EQ(record->at_end["fallbacks"], 0u) << words(*record);
  EXPECT_FALSE(record->notes["round_pages"].empty()) << words(*record);
  EXPECT_EQ(record->op_count, "pages");
}

TEST_F(BigWorkloads, KernelBuildThatCannotWorkSaysWhatMakeSaid) {
  const ParamValues values{{"target", {"no_such_folder/"}}};
  SKIP_IF_REFUSED(workloads::kernel_build, values);
  const auto record = run(workloads::kernel_build, values, 10s);
  ASSERT_TRUE(record) << record.error().text();
  EXPECT_THAT(record->error, ::testing::HasSubstr("no_such_folder")) << words(*record);
}

TEST_F(BigWorkloads, HackbenchSendsMessagesAndStopsAtOnce) {
  for (const char* tasks : {"process", "thread"}) {
    const ParamValues values{
        {"groups", {"1"}}, {"loops", {"20"}}, {"tasks", {tasks}}, {"transport", {"pipe"}}};
    SKIP_IF_REFUSED(workloads::hackbench, values);
    auto record = run(workloads::hackbench, values, 20s, {}, "runs");
    ASSERT_TRUE(record) << record.error().text();
    EXPECT_TRUE(record->error.empty()) << words(*record);
    EXPECT_GT(record->at_end["runs"], 0u);
    EXPECT_EQ(record->at_end["messages"], record->at_end["runs"] * 20 * 20 * 20);
    EXPECT_LT(stopped_within_, kStopLimit);
  }
  const ParamValues long_one{{"loops", {"1000000"}}};
  auto record = run(workloads::hackbench, long_one, 300ms);
  ASSERT_TRUE(record) << record.error().text();
  EXPECT_EQ(record->at_end["runs"], 0u);
  EXPECT_LT(stopped_within_, kStopLimit);
}

TEST_F(BigWorkloads, VmallocChurnPurgesAsOftenAsTheThresholdSays) {
  const ParamValues values{{"map_size", {"16MiB"}}, {"rate", {"max"}}};
  SKIP_IF_REFUSED(workloads::vmalloc_churn, values);
  auto record = run(workloads::vmalloc_churn, values, 2s);
  ASSERT_TRUE(record) << record.error().text();
  ASSERT_TRUE(record->error.empty()) << words(*record);
  const auto maps = static_cast<double>(record->at_end["operations"]);
  EXPECT_GT(maps, 0);
  EXPECT_EQ(record->at_end["map_bytes"], record->at_end["operations"] * (16u << 20));
  if (record->notes["purges"].starts_with("not applicable"))
    GTEST_SKIP() << record->notes["purges"];
  const auto purges = static_cast<double>(record->at_end["purges"]);
  EXPECT_GT(purges, 0);
  // Frees are asynchronous and others free too: a factor of two and a half either way, and a few.
  const double expected = maps * purges_per_area(16 << 20, facts_.online.count(), facts_.page_size);
  EXPECT_GT(purges, expected / 2.5 - 3);
  EXPECT_LT(purges, expected * 2.5 + 3);
  RecordProperty("maps", std::to_string(maps));
  RecordProperty("purges", std::to_string(purges));
}

TEST_F(BigWorkloads, VmallocChurnPurgesByThreadStacks) {
  const ParamValues values{{"variant", {"stacks"}}, {"threads", {"256"}}, {"rate", {"max"}}};
  SKIP_IF_REFUSED(workloads::vmalloc_churn, values);
  auto record = run(workloads::vmalloc_churn, values, 90s, {}, "purges");
  ASSERT_TRUE(record) << record.error().text();
  ASSERT_TRUE(record->error.empty()) << words(*record);
  EXPECT_GT(record->at_end["operations"], 0u);
  if (record->notes["purges"].starts_with("not applicable"))
    GTEST_SKIP() << record->notes["purges"];
  EXPECT_GT(record->at_end["purges"], 0u);
}

class FtraceToggle : public BigWorkloads, public ::testing::WithParamInterface<const char*> {
 protected:
  /// Function calls that a busy CPU receives per toggle while the workload runs for `span`.
  Result<double> calls_per_toggle(const ParamValues& values, Nanos span) {
    Child spinner = TRY(Child::fork_into("spinner", measured(), [] {
      while (true) cpu_relax();
      return 0;
    }));
    const int cpu = measured().first().value();
    std::uint64_t before = 0;
    auto record =
        TRY(run(workloads::ftrace_toggle, values, span, [&] { before = function_calls(cpu); }));
    // finish() also switches off the event kept on and with it the recording of names: half of 84.
    const double calls = static_cast<double>(function_calls(cpu) - before) - 42;
    spinner.stop(Nanos{0});
    if (!record.error.empty()) return Error{ErrorKind::io, words(record)};
    const auto toggles = static_cast<double>(record.at_end["toggles"]);
    if (toggles < 1) return Error{ErrorKind::io, "not one toggle"};
    return calls / toggles;
  }
};

TEST_F(FtraceToggle, EventSendsTheKnownIpisToAnotherCpu) {
  const ParamValues values{{"rate", {"200/s"}}};
  SKIP_IF_REFUSED(workloads::ftrace_toggle, values);
  const auto calls = calls_per_toggle(values, 1s);
  ASSERT_TRUE(calls) << calls.error().text();
  const auto expected = workloads::ftrace_toggle.expected(values, {files_, facts_}, kArch);
  ASSERT_TRUE(expected && expected->per_op);
  // Other jobs' function calls, and another kernel's number of call sites: half either way.
  EXPECT_NEAR(*calls, *expected->per_op, *expected->per_op / 2);
}

TEST_P(FtraceToggle, VariantPatchesCodeOrSaysWhyNot) {
  const ParamValues values{{"variant", {GetParam()}}};
  SKIP_IF_REFUSED(workloads::ftrace_toggle, values);
  const auto calls = calls_per_toggle(values, 1s);
  ASSERT_TRUE(calls) << calls.error().text();
  // Known: event 12-24, function tracer 22, PID filter 80-160 on x86; 2, 2 and 4 on arm64. The
  // filter sends less where somebody else listens to the scheduler's events: those keys do not
  // change.
  const bool filter = std::string(GetParam()) == "set_event_pid";
  EXPECT_GT(*calls, kArch == Arch::arm64 || filter ? 0.5 : 8);
  EXPECT_LT(stopped_within_, kStopLimit);
}

INSTANTIATE_TEST_SUITE_P(All, FtraceToggle, ::testing::Values("event", "function", "set_event_pid"),
                         [](const auto& test) { return std::string(test.param); });

TEST_F(BigWorkloads, KilledWorkloadLeavesNoInstanceAndNoEvent) {
  const auto& info = workloads::ftrace_toggle;
  SKIP_IF_REFUSED(info, {});
  auto with = setup();
  ASSERT_TRUE(claim_all(info, {}, with));
  auto work = WorkloadProcess::launch(info, {}, with);
  ASSERT_TRUE(work);
  ASSERT_TRUE(work->wait_ready(10s));
  work->go();
  sleep_for(100ms);
  kill(work->pid(), SIGKILL);
  EXPECT_FALSE(work->stop(1s).error.empty());
  ASSERT_EQ(with.directories.size(), 1u);
  EXPECT_TRUE(files_.exists(with.directories[0]));
  EXPECT_TRUE(guard_->restore().empty());
  EXPECT_FALSE(files_.exists(with.directories[0]));
}

TEST_F(BigWorkloads, KfenceSamplesOrSaysPreciselyWhyNot) {
  const ParamValues values{{"sample_interval", {"10ms"}}};
  if (const auto why = refusal(workloads::kfence_sampling, values)) {
    EXPECT_TRUE(why->kind == ErrorKind::unsupported || why->kind == ErrorKind::denied)
        << why->text();
    EXPECT_THAT(why->what,
                ::testing::AnyOf(::testing::HasSubstr("KFENCE"), ::testing::HasSubstr("kfence")));
    GTEST_SKIP() << why->text();
  }
  auto record = run(workloads::kfence_sampling, values, 1s);
  ASSERT_TRUE(record) << record.error().text();
  EXPECT_TRUE(record->error.empty()) << words(*record);
  EXPECT_GT(record->at_end["samples"], 0u);
  EXPECT_FALSE(record->notes["disturbs"].empty());
}

}  // namespace
}  // namespace isolab
