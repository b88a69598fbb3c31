// SPDX-License-Identifier: Apache-2.0
// The generators that write to the machine, on machines made of text: what they write, in which
// order, what they leave; and what the descriptors expect on other machines than this one.
#include <gmock/gmock.h>

#include "tests/support/workload_bench.h"
#include "workloads/support/expectations.h"

namespace isolab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kNuma = "/proc/sys/kernel/numa_balancing";
constexpr const char* kPool = "/proc/sys/vm/nr_hugepages";
constexpr const char* kOptimize = "/proc/sys/vm/hugetlb_optimize_vmemmap";

class KnobsTest : public testing::Test {
 protected:
  /// Makes the workload with these parameters on the machine; claims become knobs, as in the
  /// runner.
  Result<std::unique_ptr<Workload>> make(const WorkloadInfo& info, ParamValues values) {
    const auto claims = info.claims(values, bench_.host());
    EXPECT_TRUE(claims);
    for (const auto& claim : *claims)
      bench_.setup().knobs.emplace(
          claim.path,
          Knob(files_, claim.path, std::string(trimmed(files_.read(claim.path).value_or("")))));
    return info.make(values, bench_.context());
  }

  MemoryFiles files_{{{kNuma, "0\n"}, {kPool, "3\n"}, {kOptimize, "0\n"}}};
  WorkloadBench bench_{files_};
};

TEST_F(KnobsTest, StaticKeyDryRunFlipsAndPutsBack) {
  auto made = make(workloads::static_key_toggle, {{"variant", {"numa_balancing"}}});
  ASSERT_TRUE(made);
  ASSERT_TRUE((*made)->dry_run());
  EXPECT_THAT(files_.log(), ElementsAre(std::string("write ") + kNuma + " 1",
                                        std::string("write ") + kNuma + " 0"));
}

TEST_F(KnobsTest, StaticKeyThatWasOnIsPutBackOn) {
  ASSERT_TRUE(files_.write(kNuma, "2"));
  auto made = make(workloads::static_key_toggle, {{"variant", {"numa_balancing"}}});
  ASSERT_TRUE(made);
  ASSERT_TRUE((*made)->dry_run());
  EXPECT_EQ(files_.contents().at(kNuma), "2");
  (*made)->finish();
  EXPECT_EQ(files_.log().size(), 3U);  // ours, 0, 2: nothing more by the second finish()
}

TEST_F(KnobsTest, StaticKeyRefusedWriteIsTheErrorOfTheRun) {
  files_.fail_writes(kNuma, EPERM);
  auto made = make(workloads::static_key_toggle, {{"variant", {"numa_balancing"}}});
  ASSERT_TRUE(made);
  const auto outcome = (*made)->dry_run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::denied);
}

TEST_F(KnobsTest, StaticKeyWithoutAClaimWritesNothing) {
  auto made =
      workloads::static_key_toggle.make({{"variant", {"numa_balancing"}}}, bench_.context());
  ASSERT_TRUE(made);
  const auto outcome = (*made)->dry_run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unsupported);
  EXPECT_TRUE(files_.log().empty());
}

TEST_F(KnobsTest, BpfStatisticsThatAreOnCannotBeToggled) {
  MemoryFiles files{{{"/proc/sys/kernel/bpf_stats_enabled", "1\n"}}};
  WorkloadBench bench(files);
  auto made = workloads::static_key_toggle.make({}, bench.context());
  ASSERT_TRUE(made);
  const auto outcome = (*made)->dry_run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(outcome.error().what, HasSubstr("bpf_stats_enabled"));
}

TEST_F(KnobsTest, HugepagesGrowAndShrinkBackInEachOperation) {
  auto made = make(workloads::hugepage_resize, {{"pages", {"5"}}});
  ASSERT_TRUE(made);
  ASSERT_TRUE((*made)->dry_run());
  EXPECT_THAT(files_.log(), ElementsAre(std::string("write ") + kPool + " 8",
                                        std::string("write ") + kPool + " 3"));
  EXPECT_EQ(bench_.context().counters.get(1), 5U);
}

TEST_F(KnobsTest, PoolThatDoesNotGrowIsUnsupportedAndPutBack) {
  files_.normalise(kPool, "3");  // the kernel finds no free huge page and keeps what it has
  auto made = make(workloads::hugepage_resize, {});
  ASSERT_TRUE(made);
  const auto outcome = (*made)->dry_run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(outcome.error().what, HasSubstr("no free huge page"));
  EXPECT_EQ(files_.contents().at(kPool), "3");
  EXPECT_EQ(bench_.context().counters.get(1), 0U);
}

TEST_F(KnobsTest, HugepagesWithoutTheVmemmapCodeFlushNothing) {
  MemoryFiles files{{{kPool, "0\n"}}};
  WorkloadBench bench(files);
  bench.setup().knobs.emplace(kPool, Knob(files, kPool, "0"));
  auto made = workloads::hugepage_resize.make({}, bench.context());
  ASSERT_TRUE(made);
  const auto outcome = (*made)->dry_run();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().kind, ErrorKind::unsupported);
  EXPECT_TRUE(files.log().empty());
}

TEST_F(KnobsTest, ParametersOutOfRangeAreRefused) {
  for (const auto& [info, values] : std::vector<std::pair<const WorkloadInfo*, ParamValues>>{
           {&workloads::hugepage_resize, {{"pages", {"0"}}}},
           {&workloads::hugepage_resize, {{"pages", {"2000"}}}},
           {&workloads::direct_map, {{"pages", {"-1"}}}},
           {&workloads::mprotect_shootdown, {{"pages", {"0"}}}},
           {&workloads::command, {}}}) {
    const auto checked = info->check(values);
    ASSERT_FALSE(checked) << info->name;
    EXPECT_EQ(checked.error().kind, ErrorKind::usage) << info->name;
  }
}

TEST_F(KnobsTest, RemoteReadNeedsATarget) {
  bench_.setup().measured = {};
  auto made = workloads::remote_read.make({}, bench_.context());
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->dry_run().error().kind, ErrorKind::usage);
}

class ExpectationsTest : public testing::Test {
 protected:
  /// What a workload expects on a machine that flushes so, with these files and this configuration.
  static std::optional<ExpectedIpis> expected(const WorkloadInfo& info, const ParamValues& values,
                                              Arch arch, std::map<std::string, std::string> files,
                                              std::map<std::string, std::string> config = {},
                                              KernelFlush::By by = KernelFlush::By::interrupt) {
    MemoryFiles memory(std::move(files));
    HostFacts facts;
    facts.kernel_config = std::move(config);
    facts.kernel_flush = {by, "of the test"};
    const Host host{memory, facts};
    return info.expected(values, host, arch);
  }
  const std::map<std::string, std::string> files_{{kOptimize, "0\n"}};
};

TEST_F(ExpectationsTest, ControlAndIdleStates) {
  EXPECT_EQ(expected(workloads::direct_map, {{"secret", {"false"}}}, Arch::x86_64, files_, {},
                     KernelFlush::By::unknown)
                ->per_op,
            0);
  EXPECT_FALSE(expected(workloads::idle, {}, Arch::x86_64, files_));
  EXPECT_FALSE(expected(workloads::vmstat_refresh, {}, Arch::x86_64, files_));
  EXPECT_FALSE(expected(workloads::kernel_build, {}, Arch::x86_64, files_));
}

TEST_F(ExpectationsTest, WhatIsNotKnownHasAReason) {
  auto optimized = files_;
  optimized[kOptimize] = "1\n";
  const auto says = [](const std::optional<ExpectedIpis>& one, const char* part) {
    ASSERT_TRUE(one);
    EXPECT_FALSE(one->per_op);
    EXPECT_EQ(one->row, "function_call");
    EXPECT_THAT(one->source, HasSubstr(part));
  };
  says(expected(workloads::hugepage_resize, {}, Arch::x86_64, optimized), "optimize_vmemmap is on");
  says(expected(workloads::hugepage_resize, {}, Arch::x86_64, {}), kOptimize);
  says(expected(workloads::vmalloc_churn, {{"variant", {"stacks"}}}, Arch::x86_64, {}), "stacks");
  says(expected(workloads::collapse, {}, Arch::x86_64, {}), "cannot be read");
  says(expected(workloads::ftrace_toggle, {{"event", {"sched:sched_switch"}}}, Arch::x86_64, {}),
       "sched:sched_switch");
  says(expected(workloads::direct_map, {}, Arch::x86_64, {}, {}, KernelFlush::By::unknown),
       "of the test");
}

TEST_F(ExpectationsTest, KeyFlipsAreThreeOnX86AndOneOnArm64) {
  const ParamValues sysctl{{"variant", {"timer_migration"}}};
  EXPECT_EQ(expected(workloads::static_key_toggle, {}, Arch::x86_64, {})->per_op, 6);
  EXPECT_EQ(expected(workloads::static_key_toggle, {}, Arch::arm64, {})->per_op, 2);
  EXPECT_EQ(expected(workloads::static_key_toggle, sysctl, Arch::x86_64, {})->per_op, 3);
  EXPECT_EQ(expected(workloads::static_key_toggle, sysctl, Arch::arm64, {})->per_op, 1);
}

TEST_F(ExpectationsTest, CallsThatReachEveryArchitecture) {
  const std::map<std::string, std::string> on{{"CONFIG_MMU_GATHER_RCU_TABLE_FREE", "y"}};
  const std::map<std::string, std::string> off{{"CONFIG_SMP", "y"}};
  for (const Arch arch : {Arch::x86_64, Arch::arm64}) {
    EXPECT_EQ(expected(workloads::membarrier, {}, arch, {})->per_op, 1);
    EXPECT_EQ(expected(workloads::remote_read, {}, arch, {})->per_op, 1);
    EXPECT_EQ(expected(workloads::collapse, {}, arch, {}, on)->per_op, 1);
    EXPECT_EQ(expected(workloads::collapse, {}, arch, {}, off)->per_op, 0);
    EXPECT_FALSE(expected(workloads::collapse, {}, arch, {})->per_op);
  }
  EXPECT_TRUE(expected(workloads::remote_read, {{"variant", {"msr"}}}, Arch::x86_64, {}));
  EXPECT_FALSE(expected(workloads::remote_read, {{"variant", {"msr"}}}, Arch::arm64, {}));
}

}  // namespace
}  // namespace isolab
