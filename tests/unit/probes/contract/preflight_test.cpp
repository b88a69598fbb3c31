// SPDX-License-Identifier: Apache-2.0
// What the busy loop refuses and warns about, on machines made of text.
#include <gmock/gmock.h>

#include "probes/contract/preflight.h"
#include "probes/contract/probe.h"

namespace isolab {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kRuntime = "/proc/sys/kernel/sched_rt_runtime_us";
constexpr const char* kPeriod = "/proc/sys/kernel/sched_rt_period_us";
constexpr const char* kServer = "/sys/kernel/debug/sched/fair_server/cpu1/runtime";
constexpr const char* kServers = "/sys/kernel/debug/sched/fair_server/";

HostFacts two_cpus() {
  HostFacts facts;
  facts.online = CpuSet{0, 1};
  facts.siblings = {{0, CpuSet{0}}, {1, CpuSet{1}}};
  facts.memory_bytes = std::uint64_t{8} << 30;
  return facts;
}

Result<std::vector<Warning>> preflight(MemoryFiles files, const ParamValues& params,
                                       HostFacts facts = two_cpus(), CpuSet measured = {1}) {
  const ProbeContext context{Host{files, facts}, measured, CpuSet{0}, "/tmp", Nanos(0)};
  return find_probe("busy_loop")->preflight(params, context);
}

TEST(BusyLoopPreflight, AQuietMachineGivesNoWarning) {
  const auto warnings = preflight(MemoryFiles{}, {});
  ASSERT_TRUE(warnings) << warnings.error().text();
  EXPECT_THAT(*warnings, IsEmpty());
}

TEST(BusyLoopPreflight, RefusesFifoUnderRtThrottling) {
  const MemoryFiles files({{kRuntime, "950000\n"}, {kPeriod, "1000000\n"}});
  const auto refused = preflight(files, {{"policy", {"fifo"}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::usage);
  EXPECT_THAT(refused.error().text(), HasSubstr("50000 of every 1000000 us"));

  const auto told = preflight(files, {{"policy", {"fifo"}}, {"allow_throttling", {"true"}}});
  ASSERT_TRUE(told) << told.error().text();
  ASSERT_THAT(*told, SizeIs(1));
  EXPECT_EQ(told->front().id, "real_time_throttling");

  EXPECT_TRUE(preflight(files, {{"policy", {"other"}}}));
}

TEST(BusyLoopPreflight, ThrottlingSwitchedOffLetsFifoRun) {
  EXPECT_TRUE(
      preflight(MemoryFiles({{kRuntime, "-1\n"}, {kPeriod, "1000000\n"}}), {{"policy", {"fifo"}}}));
}

TEST(BusyLoopPreflight, RefusesFifoUnderTheFairServer) {
  HostFacts facts = two_cpus();
  facts.kernel_config = {{"CONFIG_RT_GROUP_SCHED", "n"}};
  const std::map<std::string, std::string> since_6_12 = {
      {kRuntime, "950000\n"}, {kPeriod, "1000000\n"}, {kServers, ""}, {kServer, "50000000\n"}};
  const auto refused = preflight(MemoryFiles(since_6_12), {{"policy", {"rr"}}}, facts);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().what, HasSubstr("fair server"));
  EXPECT_THAT(refused.error().what, HasSubstr("50.0 ms"));

  auto off = since_6_12;
  off[kServer] = "0\n";  // with RT_GROUP_SCHED off the old throttle is gone, whatever the file says
  EXPECT_TRUE(preflight(MemoryFiles(off), {{"policy", {"rr"}}}, facts));
}

TEST(BusyLoopPreflight, RefusesWrongCpusAndPriorities) {
  EXPECT_FALSE(preflight(MemoryFiles{}, {}, two_cpus(), CpuSet{1, 7}));
  EXPECT_FALSE(preflight(MemoryFiles{}, {}, two_cpus(), CpuSet{0, 1}));
  EXPECT_FALSE(preflight(MemoryFiles{}, {}, two_cpus(), CpuSet{}));
  const MemoryFiles unthrottled({{kRuntime, "-1\n"}, {kPeriod, "1000000\n"}});
  for (const char* priority : {"0", "100", "1000"})
    EXPECT_FALSE(find_probe("busy_loop")->check({{"policy", {"fifo"}}, {"priority", {priority}}}));
  EXPECT_FALSE(find_probe("busy_loop")->check({{"log_capacity", {"-1"}}}));
}

TEST(BusyLoopPreflight, RefusesLogsThatWouldEatTheMachine) {
  HostFacts facts = two_cpus();
  facts.memory_bytes = 32 << 20;
  const auto refused = preflight(MemoryFiles{}, {}, facts);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("log_capacity"));
  EXPECT_TRUE(preflight(MemoryFiles{}, {{"log_capacity", {"1000"}}}, facts));
}

TEST(BusyLoopPreflight, WarnsOfSmtSiblings) {
  HostFacts facts = two_cpus();
  facts.siblings[1] = CpuSet{0, 1};
  const auto warnings = preflight(MemoryFiles{}, {}, facts);
  ASSERT_TRUE(warnings);
  ASSERT_THAT(*warnings, SizeIs(1));
  EXPECT_EQ(warnings->front().id, "smt_sibling");
}

TEST(BusyLoopPreflight, WarnsOfNumaBalancingOnlyWhereThereAreNodes) {
  const auto warns = [](const char* nodes) {
    return preflight(MemoryFiles({{"/proc/sys/kernel/numa_balancing", "1\n"},
                                  {"/sys/devices/system/node/online", nodes}}),
                     {})
        .value()
        .size();
  };
  EXPECT_EQ(warns("0-1\n"), 1u);
  EXPECT_EQ(warns("0\n"), 0u);
}

}  // namespace
}  // namespace isolab
