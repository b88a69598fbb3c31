// SPDX-License-Identifier: Apache-2.0
// The workloads that use a tracefs instance, on a machine made of text: purge arithmetic, what
// ftrace_toggle writes and where, and what it refuses.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "workloads/contract/workload.h"
#include "workloads/support/lazy_purge.h"

namespace isolab {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Text = std::map<std::string, std::string>;
constexpr std::uint64_t kMiB = 1 << 20;

TEST(LazyPurge, ThresholdGrowsWithTheLogarithmOfTheCpus) {
  EXPECT_EQ(purge_threshold(1), 32 * kMiB);
  EXPECT_EQ(purge_threshold(2), 64 * kMiB);
  EXPECT_EQ(purge_threshold(3), 64 * kMiB);
  EXPECT_EQ(purge_threshold(4), 96 * kMiB);
  EXPECT_EQ(purge_threshold(8), 128 * kMiB);
  EXPECT_EQ(purge_threshold(96), 224 * kMiB);
}

TEST(LazyPurge, PurgesPerMapAgreeWithMeasurements) {
  EXPECT_DOUBLE_EQ(purges_per_area(kMiB, 2, 4096), 1.0 / 64);
  EXPECT_DOUBLE_EQ(purges_per_area(16 * kMiB, 2, 4096), 0.25);
  EXPECT_DOUBLE_EQ(purges_per_area(64 * kMiB, 2, 4096), 1);
  EXPECT_DOUBLE_EQ(purges_per_area(64 * kMiB, 4, 4096), 0.5);
  EXPECT_NEAR(purges_per_area(64 << 10, 2, 4096), 0.001, 0.0002);
}

class Toggling : public ::testing::Test {
 protected:
  static constexpr const char* kInstance = "/sys/kernel/tracing/instances/isolab_test";

  Toggling() {
    facts_.root = true;
    for (const char* event : {"oom/mark_victim", "oom/wake_reaper"}) add(event);
    for (const char* file :
         {"buffer_size_kb", "set_event_pid", "set_ftrace_filter", "current_tracer"})
      files_[std::string(kInstance) + "/" + file] = "\n";
    files_["/sys/kernel/tracing/events/"] = "";
    files_["/sys/kernel/tracing/available_tracers"] = "function nop\n";
  }
  void add(const std::string& event) {
    files_["/sys/kernel/tracing/events/" + event + "/enable"] = "0\n";
    files_[std::string(kInstance) + "/events/" + event + "/enable"] = "0\n";
  }
  /// Dry-runs ftrace_toggle; afterwards log_ holds its writes.
  Result<void> toggle(const ParamValues& params) {
    MemoryFiles files(files_);
    for (const auto& [path, code] : failing_) files.fail_writes(path, code);
    const WorkloadContext context{.host = {files, facts_},
                                  .cpus = {0},
                                  .measured = {1},
                                  .directories = {kInstance},
                                  .counters = WorkCounters(slots_),
                                  .stop = StopFlag(stop_),
                                  .note = [](const std::string&, const std::string&) {}};
    auto workload = TRY(workloads::ftrace_toggle.make(params, context));
    auto done = workload->dry_run();
    log_ = files.log();
    return done;
  }
  std::size_t index_of(const std::string& path_and_text) const {
    return static_cast<std::size_t>(
        std::find(log_.begin(), log_.end(),
                  "write " + std::string(kInstance) + "/" + path_and_text) -
        log_.begin());
  }

  std::map<std::string, std::string> files_;
  std::map<std::string, int> failing_;
  HostFacts facts_;
  WorkCounters::Slots slots_{};
  std::atomic<std::uint32_t> stop_{0};
  std::vector<std::string> log_;
};

TEST_F(Toggling, EventGoesOnAndOffInItsOwnInstanceWhileAnotherIsKeptOn) {
  const auto done = toggle({});
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_THAT(log_, Each(StartsWith(std::string("write ") + kInstance + "/")));
  const auto kept_on = index_of("events/oom/wake_reaper/enable 1"),
             kept_off = index_of("events/oom/wake_reaper/enable 0");
  const auto on = index_of("events/oom/mark_victim/enable 1"),
             off = index_of("events/oom/mark_victim/enable 0");
  EXPECT_LT(kept_on, on);
  EXPECT_LT(on, off);
  EXPECT_LT(off, kept_off);
  EXPECT_LT(kept_off, log_.size());
}

TEST_F(Toggling, FunctionTracerGetsItsFilterBeforeItGoesOn) {
  const auto done = toggle({{"variant", {"function"}}, {"function", {"vfs_open"}}});
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_LT(index_of("set_ftrace_filter vfs_open"), index_of("current_tracer function"));
  EXPECT_LT(index_of("current_tracer function"), index_of("current_tracer nop"));
}

TEST_F(Toggling, FunctionTracerRefusedByLockdownIsDeniedAndNeverTurnedOn) {
  failing_[std::string(kInstance) + "/set_ftrace_filter"] = EPERM;
  const auto done = toggle({{"variant", {"function"}}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::denied);
  EXPECT_THAT(done.error().hint, HasSubstr("lockdown"));
  EXPECT_EQ(index_of("current_tracer function"), log_.size());
}

TEST_F(Toggling, KernelWithoutFunctionTracerIsUnsupported) {
  files_["/sys/kernel/tracing/available_tracers"] = "blk nop\n";
  EXPECT_EQ(toggle({{"variant", {"function"}}}).error().kind, ErrorKind::unsupported);
}

TEST_F(Toggling, PidFilterIsWrittenAndCleared) {
  const auto done = toggle({{"variant", {"set_event_pid"}}});
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_LT(index_of("set_event_pid " + std::to_string(getpid())), index_of("set_event_pid "));
  EXPECT_LT(index_of("set_event_pid "), log_.size());
}

TEST_F(Toggling, UnknownEventIsUnsupported) {
  const auto done = toggle({{"event", {"oom:no_such"}}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::unsupported);
}

TEST_F(Toggling, WildcardsAndPathsAreRefused) {
  for (const char* event :
       {"oom", "oom:*", "../../oom:x", ":", "oom:", "a:b:c", "oom:wake_reaper"}) {
    const auto done = toggle({{"event", {event}}});
    ASSERT_FALSE(done) << event;
    EXPECT_EQ(done.error().kind, ErrorKind::usage) << event;
  }
  for (const char* function : {"", "vfs_*", "*", "vfs open", "!vfs_open"}) {
    const auto done = toggle({{"variant", {"function"}}, {"function", {function}}});
    ASSERT_FALSE(done) << function;
    EXPECT_EQ(done.error().kind, ErrorKind::usage) << function;
  }
}

TEST_F(Toggling, ExpectationIsKnownForTheDefaultEventOnly) {
  MemoryFiles files;
  const Host host{files, facts_};
  const auto& info = workloads::ftrace_toggle;
  EXPECT_EQ(info.expected({}, host, Arch::x86_64)->per_op, 18);
  EXPECT_EQ(info.expected({}, host, Arch::arm64)->per_op, 2);
  EXPECT_FALSE(info.expected({{"event", {"sched:sched_waking"}}}, host, Arch::x86_64)->per_op);
  EXPECT_FALSE(info.expected({{"variant", {"set_event_pid"}}}, host, Arch::x86_64)->per_op);
}

TEST(VmallocChurn, RefusesSizesThatAreNotVmallocMemory) {
  MemoryFiles files;
  HostFacts facts;
  WorkCounters::Slots slots{};
  std::atomic<std::uint32_t> stop{0};
  const WorkloadContext context{.host = {files, facts},
                                .cpus = {0},
                                .measured = {1},
                                .counters = WorkCounters(slots),
                                .stop = StopFlag(stop),
                                .note = [](const std::string&, const std::string&) {}};
  for (const char* size : {"4KiB", "60KiB", "65537B", "2GiB"}) {
    const auto checked = workloads::vmalloc_churn.check({{"map_size", {size}}});
    ASSERT_FALSE(checked) << size;
    EXPECT_EQ(checked.error().kind, ErrorKind::usage) << size;
  }
  EXPECT_TRUE(workloads::vmalloc_churn.make({{"map_size", {"64KiB"}}}, context));
}

TEST(VmallocChurn, ClaimsAnInstanceOnlyWherePurgesCanBeCounted) {
  HostFacts facts;
  facts.root = true;
  MemoryFiles with(Text{{"/sys/kernel/tracing/events/", ""},
                        {"/sys/kernel/tracing/events/vmalloc/purge_vmap_area_lazy/enable", "0\n"}});
  MemoryFiles without(Text{{"/sys/kernel/tracing/events/", ""}});
  EXPECT_EQ(workloads::vmalloc_churn.claims({}, Host{with, facts})->size(), 1u);
  EXPECT_TRUE(workloads::vmalloc_churn.claims({}, Host{without, facts})->empty());
  facts.root = false;
  EXPECT_TRUE(workloads::vmalloc_churn.claims({}, Host{with, facts})->empty());
}

TEST(VmallocChurn, ExpectsOneIpiPerPurgeWhereFlushesAreInterrupts) {
  HostFacts facts;
  facts.online = {0, 1};
  facts.kernel_flush.by = KernelFlush::By::interrupt;
  MemoryFiles none;
  EXPECT_DOUBLE_EQ(*workloads::vmalloc_churn.expected({}, Host{none, facts}, Arch::x86_64)->per_op,
                   1.0 / 64);
}

}  // namespace
}  // namespace isolab
