// SPDX-License-Identifier: Apache-2.0
// Which CPUs are measured unless named: of machines without /sys, in cpusets, with several kinds.
#include "host/facts/measured_cpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/captured/capture.h"
#include "host/readiness/capture_machine.h"
#include "host/readiness/readiness.h"

namespace isolab {
namespace {

using testing::HasSubstr;
using Texts = std::map<std::string, std::string>;
constexpr const char* kOnline = "/sys/devices/system/cpu/online";

TEST(Measured, AMachineWithoutSysIsAnErrorWithPlaceReasonAndHint) {
  for (const Texts& texts : {Texts{}, Texts{{kOnline, ""}}, Texts{{kOnline, "\n"}},
                             Texts{{kOnline, "0-"}}, Texts{{kOnline, "none"}}}) {
    const MemoryFiles files(texts);
    const HostFacts facts = read_kernel_facts(files);
    EXPECT_TRUE(facts.online.empty());
    const auto measured = default_measured(facts);
    ASSERT_FALSE(measured);
    EXPECT_EQ(measured.error().kind, ErrorKind::unsupported);
    EXPECT_THAT(measured.error().what, HasSubstr(kOnline));
    EXPECT_THAT(measured.error().hint, HasSubstr("sysfs"));
    // Nothing that looks at the machine may fall over it.
    EXPECT_FALSE(check_readiness(files, facts, CpuSet{}).empty());
    EXPECT_FALSE(check_readiness(files, facts, CpuSet{3}).empty());
    EXPECT_THAT(capture_machine(files, "t"), HasSubstr("# t"));
  }
}

HostFacts four_cpus(Texts texts) {
  texts[kOnline] = "0-3\n";
  return read_kernel_facts(MemoryFiles(texts));
}

TEST(Measured, IsolatedCpusThenTheLast) {
  const auto isolated = default_measured(four_cpus({{"/sys/devices/system/cpu/isolated", "1-2"}}));
  ASSERT_TRUE(isolated);
  EXPECT_EQ(isolated->cpus.list(), "1-2");
  const auto last = default_measured(four_cpus({}));
  ASSERT_TRUE(last);
  EXPECT_EQ(last->cpus.list(), "3");
  EXPECT_EQ(last->why, "the last CPU: this kernel isolates none");
}

TEST(Measured, OnlyInsideOurCpuset) {
  // The session's cgroup has no cpuset controller: its slice's mask is in force.
  const Texts unified{{"/proc/self/mounts", "cgroup2 /cg cgroup2 rw 0 0\n"},
                      {"/proc/self/cgroup", "0::/user.slice/session.scope\n"},
                      {"/cg/cpuset.cpus.effective", "0-3\n"},
                      {"/cg/user.slice/cpuset.cpus.effective", "0-1\n"}};
  const auto two = default_measured(four_cpus(unified));
  ASSERT_TRUE(two);
  EXPECT_EQ(two->cpus.list(), "1");
  EXPECT_THAT(two->why, HasSubstr("of cpuset 0-1"));

  const auto old =
      default_measured(four_cpus({{"/proc/mounts", "none /dev/cpuset cgroup rw,cpuset 0 0\n"},
                                  {"/proc/self/cgroup", "4:cpuset:/batch\n"},
                                  {"/dev/cpuset/batch/cpuset.effective_cpus", "2\n"},
                                  {"/sys/devices/system/cpu/isolated", "3\n"}}));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->cpus.list(), "2");
  EXPECT_THAT(old->why, HasSubstr("the isolated CPUs 3 cannot be used"));

  Texts elsewhere = unified;
  elsewhere["/cg/user.slice/cpuset.cpus.effective"] = "9\n";
  const auto none = default_measured(four_cpus(elsewhere));
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().what, HasSubstr("cannot use CPU 9 of the cpuset"));
}

/// Eight CPUs, two threads a core (0 and 4, 1 and 5 ...), and a cpuset.
std::string in_a_cpuset(const std::string& cpus, const std::string& isolated = "") {
  Texts texts{{kOnline, "0-7\n"},
              {"/proc/self/mounts", "cgroup /sys/fs/cgroup cgroup2 ro 0 0\n"},
              {"/proc/self/cgroup", "0::/\n"},  // the namespace of a container
              {"/sys/fs/cgroup/cpuset.cpus.effective", cpus + "\n"},
              {"/sys/devices/system/cpu/isolated", isolated + "\n"}};
  for (int cpu = 0; cpu < 8; ++cpu)
    texts["/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list"] =
        std::to_string(cpu % 4) + "," + std::to_string(cpu % 4 + 4) + "\n";
  const auto measured = default_measured(read_kernel_facts(MemoryFiles(texts)));
  return measured ? measured->cpus.list() + " " + measured->why : measured.error().what;
}

TEST(Measured, TheCpusOfAContainerWithoutTheCoreOfItsMainThread) {
  EXPECT_EQ(in_a_cpuset("2-3,6-7"),
            "3,7 CPUs of cpuset 2-3,6-7 without CPU 2 for housekeeping and its sibling 6: this "
            "kernel isolates none");
  // Pods of a node with isolcpus= get isolated CPUs only.
  EXPECT_EQ(in_a_cpuset("2-3,6-7", "2-7"),
            "3,7 CPUs of cpuset 2-3,6-7 without CPU 2 for housekeeping and its sibling 6");
  EXPECT_EQ(in_a_cpuset("1-3", "1-7"), "2-3 CPUs of cpuset 1-3 without CPU 1 for housekeeping");
  EXPECT_EQ(in_a_cpuset("2,6"), "6 the last CPU of cpuset 2,6: this kernel isolates none");
  EXPECT_EQ(in_a_cpuset("2,6", "2,6"), "6 the last CPU of cpuset 2,6: it has no core to spare");
  EXPECT_EQ(in_a_cpuset("0-3", "2-3"), "2-3 the kernel's isolated CPUs");
  EXPECT_EQ(in_a_cpuset("0-7", "2-7"), "2-7 the kernel's isolated CPUs");
}

TEST(Measured, TheStrongestKind) {
  const Texts hybrid{{"/sys/devices/cpu_core/cpus", "0-1"}, {"/sys/devices/cpu_atom/cpus", "2-3"}};
  const HostFacts facts = four_cpus(hybrid);
  const auto measured = default_measured(facts);
  ASSERT_TRUE(measured);
  EXPECT_EQ(measured->cpus.list(), "1");
  EXPECT_THAT(measured->why, HasSubstr("of the fastest kind"));
  EXPECT_EQ(kinds_note(facts, {1}, {0}), "P-core");
  EXPECT_EQ(kinds_note(facts, {1}, {0, 2}), "P-core; housekeeping: P-core: 0; E-core: 2");
  EXPECT_EQ(kinds_note(four_cpus({}), {1}, {0}), "");
  EXPECT_EQ(facts.all.at("cpu.kinds"), "P-core: 0-1; E-core: 2-3");
  EXPECT_EQ(four_cpus({}).all.at("cpu.kinds"), "one");
}

}  // namespace
}  // namespace isolab
