// SPDX-License-Identifier: Apache-2.0
// Readiness of captured machines (tests/hosts): each loose end is found, each tight one is ok.
#include "host/readiness/readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support/captured_machine.h"

namespace isolab {
namespace {

using testing::HasSubstr;
using enum ReadinessLevel;

CapturedMachine captured(const std::string& name) {
  return {ISOLAB_SOURCE_DIR "/tests/hosts", name};
}

class Report {
 public:
  Report(const Files& files, const CpuSet& measured)
      : findings_(check_readiness(files, read_kernel_facts(files), measured)) {}
  const ReadinessFinding& operator[](std::string_view id) const {
    for (const auto& finding : findings_)
      if (finding.id == id) return finding;
    throw std::logic_error("no finding " + std::string(id));
  }
  const std::vector<ReadinessFinding>& all() const { return findings_; }
  std::set<std::string> ids(ReadinessLevel level) const {
    std::set<std::string> out;
    for (const auto& finding : findings_)
      if (finding.level == level) out.insert(finding.id);
    return out;
  }

 private:
  std::vector<ReadinessFinding> findings_;
};

const CpuSet kServerCpus{2, 3, 6, 7};

TEST(Readiness, AGuestWithoutIsolation) {
  const Report report(captured("guest_x86_2cpu").files(), CpuSet{1});
  EXPECT_EQ(report.ids(problem), (std::set<std::string>{"isolated", "rcu_nocbs", "irq_affinity"}));
  EXPECT_EQ(report.ids(advice),
            (std::set<std::string>{"hypervisor", "irq_default_affinity", "rt_throttle",
                                   "workqueue_mask", "watchdog", "steal", "khugepaged", "vmstat"}));
  EXPECT_EQ(report["nohz_full"].level, not_applicable);
  EXPECT_THAT(report["nohz_full"].seen, HasSubstr("250 ticks per second"));
  EXPECT_THAT(report["irq_affinity"].seen, HasSubstr("36 virtio1-req.0 -> CPU 1 (168585 so far)"));
  EXPECT_EQ(report["tracefs"].level, ok);
  EXPECT_EQ(report["cgroup_quota"].level, ok);
  EXPECT_EQ(report["fair_server"].level, not_applicable);
}

TEST(Readiness, TwoSocketsOneOfThemIsolated) {
  const Report report(captured("two_sockets_x86_8cpu").files(), CpuSet{4, 5, 6, 7});
  for (const char* id : {"isolated", "nohz_full", "rcu_nocbs"})
    EXPECT_EQ(report[id].level, ok) << report[id].seen;
  // Half a core: its other thread keeps house.
  const Report half(captured("two_sockets_x86_8cpu").files(), CpuSet{4});
  EXPECT_NE(half["smt_siblings"].level, ok);
}

TEST(Readiness, AnArm64GuestOf32Cores) {
  const Report report(captured("guest_arm64_32cpu").files(), CpuSet::parse("4-31").value());
  for (const char* id : {"isolated", "nohz_full", "rcu_nocbs", "clocksource"})
    EXPECT_EQ(report[id].level, ok) << report[id].seen;
}

TEST(Readiness, AnIsolatedServerWithALooseQueue) {
  const Report report(captured("server_x86_smt").files(), kServerCpus);
  EXPECT_EQ(report.ids(problem), std::set<std::string>{"irq_affinity"});
  EXPECT_THAT(report["irq_affinity"].seen,
              testing::AllOf(HasSubstr("1 are routed"),
                             HasSubstr("127 eth0-TxRx-1 -> CPU 6 (40332 so far)")));
  for (const char* id : {"measured_cpus", "isolated", "nohz_full", "rcu_nocbs", "isolation_lists",
                         "hypervisor", "rights", "cgroup_quota", "cpuset", "rt_group", "tracefs",
                         "irq_default_affinity", "irqbalance", "timer_migration", "workqueue_mask",
                         "governor", "ksm", "debug_kernel", "mitigations"})
    EXPECT_EQ(report[id].level, ok) << id << ": " << report[id].seen;
  EXPECT_EQ(
      report.ids(advice),
      (std::set<std::string>{"smt_siblings", "machine_check_polling", "rt_throttle", "fair_server",
                             "watchdog", "clocksource", "khugepaged", "numa_balancing", "vmstat"}));
  EXPECT_THAT(report["watchdog"].seen, HasSubstr("2-3,6-7, with NMIs"));
  EXPECT_THAT(report["fair_server"].seen, HasSubstr("50 ms"));
  EXPECT_EQ(report["steal"].level, not_applicable);
}

TEST(Readiness, HousekeepingOnASiblingThread) {
  const auto files = captured("server_x86_smt").with("/sys/devices/system/cpu/isolated", "2-3\n");
  const Report report(files, CpuSet{2, 3});
  EXPECT_EQ(report["smt_siblings"].level, problem);
  EXPECT_THAT(report["smt_siblings"].seen, HasSubstr("6-7"));
  EXPECT_EQ(report["isolation_lists"].level, advice);
}

constexpr const char* kRelease = "/proc/sys/kernel/osrelease";

std::map<std::string, std::string> bare_machine(const std::string& release) {
  return {{"/sys/devices/system/cpu/online", "0-3\n"},
          {"/sys/devices/system/cpu/isolated", "\n"},
          {kRelease, release + "\n"}};
}

TEST(Readiness, AKernelWhoseConfigurationIsUnreadableIsGivenNoAdviceItCannotFollow) {
  auto files = bare_machine("6.12.1");
  const Report without(MemoryFiles(files), CpuSet{3});
  EXPECT_EQ(without["nohz_full"].level, not_applicable);
  EXPECT_THAT(without["nohz_full"].seen, HasSubstr("nohz_full does not exist"));
  EXPECT_THAT(without["nohz_full"].advice, HasSubstr("CONFIG_NO_HZ_FULL=y"));
  EXPECT_THAT(without["rcu_nocbs"].seen,
              HasSubstr("it is unknown whether this kernel has CONFIG_RCU_NOCB_CPU"));
  EXPECT_THAT(without["rcu_nocbs"].advice, testing::StartsWith("check whether"));
  EXPECT_THAT(without["isolated"].advice, HasSubstr("isolcpus=managed_irq,domain,3"));
  EXPECT_THAT(without["isolated"].advice, testing::Not(HasSubstr("partition")));

  files["/sys/devices/system/cpu/nohz_full"] = "(null)\n";
  const Report with(MemoryFiles(files), CpuSet{3});
  EXPECT_EQ(with["nohz_full"].level, problem);
  EXPECT_EQ(with["nohz_full"].advice, "boot with nohz_full=3");
  EXPECT_EQ(with["rcu_nocbs"].advice, "boot with rcu_nocbs=3 (nohz_full= implies it)");

  files.erase("/sys/devices/system/cpu/nohz_full");
  files.erase("/sys/devices/system/cpu/isolated");  // before 4.2, or not captured
  const Report unknown(MemoryFiles(files), CpuSet{3});
  EXPECT_EQ(unknown["nohz_full"].level, problem);
  EXPECT_THAT(unknown["nohz_full"].seen, HasSubstr("is unknown whether"));
  EXPECT_THAT(unknown["nohz_full"].advice, testing::StartsWith("check whether"));
}

TEST(Readiness, AdviceToIsolateIsWhatThisKernelHas) {
  auto files = bare_machine("6.1.0-13-amd64");
  files["/sys/fs/cgroup/cgroup.controllers"] = "cpuset cpu io\n";
  EXPECT_THAT(Report(MemoryFiles(files), CpuSet{3})["isolated"].advice,
              HasSubstr("or make a cgroup v2 partition"));
  files[kRelease] = "5.4.0";  // isolated partitions came with 6.1, managed_irq with 5.6
  EXPECT_EQ(Report(MemoryFiles(files), CpuSet{3})["isolated"].advice, "boot with isolcpus=3");
  files["/boot/config-5.4.0"] = "CONFIG_SMP=y\n";
  EXPECT_THAT(Report(MemoryFiles(files), CpuSet{3})["isolated"].advice,
              HasSubstr("use a kernel with CONFIG_CPU_ISOLATION=y"));
}

TEST(Readiness, KindsOfCpus) {
  auto files = bare_machine("6.12.1");
  EXPECT_EQ(Report(MemoryFiles(files), CpuSet{3})["cpu_kinds"].level, ok);
  files["/sys/devices/cpu_core/cpus"] = "0-1\n";
  files["/sys/devices/cpu_atom/cpus"] = "2-3\n";
  const Report strong(MemoryFiles(files), CpuSet{1});
  EXPECT_EQ(strong["cpu_kinds"].level, ok);
  EXPECT_EQ(strong["cpu_kinds"].seen, "measured: P-core; housekeeping: P-core: 0; E-core: 2-3");
  const Report weak(MemoryFiles(files), CpuSet{3});
  EXPECT_EQ(weak["cpu_kinds"].level, advice);
  EXPECT_THAT(weak["cpu_kinds"].seen, HasSubstr("the fastest is P-core (CPU 0-1)"));
  EXPECT_THAT((Report(MemoryFiles(files), CpuSet{1, 3})["cpu_kinds"].seen),
              HasSubstr("the measured CPUs differ: P-core: 1; E-core: 3"));
}

TEST(Readiness, AnArm64ServerAsAnOrdinaryUser) {
  CpuSet measured;
  for (int cpu = 4; cpu <= 31; ++cpu) measured.add(cpu);
  const Report report(captured("emag_arm64_32cpu").files(), measured);
  EXPECT_EQ(report.ids(problem),
            (std::set<std::string>{"rights", "cgroup_quota", "cpuset", "irq_affinity"}));
  EXPECT_THAT(report["rights"].seen,
              HasSubstr("not root, without CAP_IPC_LOCK, CAP_SYS_ADMIN, CAP_SYS_NICE"));
  EXPECT_THAT(report["cgroup_quota"].seen,
              HasSubstr("/sys/fs/cgroup/lab.slice/cpu.max: 200000 100000"));
  EXPECT_THAT(report["cpuset"].seen, HasSubstr("not 4-7,12-31"));
  // Only the second queue: the GIC's per-CPU interrupts are the CPU's own.
  EXPECT_THAT(report["irq_affinity"].seen,
              HasSubstr("1 are routed to measured CPUs: 78 enP1p1s0f0-1 -> CPU 9"));
  EXPECT_THAT(report["irq_affinity"].seen, testing::Not(HasSubstr("vgic")));
  EXPECT_EQ(report["fair_server"].level, ok);
  EXPECT_EQ(report["rt_throttle"].level, ok);
  EXPECT_EQ(report["watchdog"].level, ok);
  EXPECT_EQ(report["khugepaged"].level, ok);
  EXPECT_EQ(report["vmstat"].level, ok);
  EXPECT_EQ(report["clocksource"].level, ok);
  EXPECT_EQ(report["isolation_lists"].level, ok);
  EXPECT_EQ(report["timer_migration"].level, advice);
  EXPECT_EQ(report["governor"].level, advice);
  EXPECT_EQ(report["debug_kernel"].level, advice);
  EXPECT_EQ(report["tracefs"].level, advice);
  EXPECT_EQ(report["machine_check_polling"].level, not_applicable);
  EXPECT_EQ(report["numa_balancing"].level, not_applicable);
}

TEST(Readiness, MeasuredCpusThatCannotBe) {
  const auto files = captured("guest_x86_2cpu").files();
  EXPECT_THAT((Report(files, CpuSet{5})["measured_cpus"].seen), HasSubstr("5 are not online"));
  EXPECT_EQ((Report(files, CpuSet{0, 1})["measured_cpus"].level), problem);
  EXPECT_EQ((Report(files, CpuSet{})["measured_cpus"].level), problem);
  EXPECT_EQ((Report(files, CpuSet{1})["measured_cpus"].level), ok);
}

TEST(Readiness, ACgroupPartitionIsolatesToo) {
  const auto files = captured("guest_x86_2cpu").with("/sys/fs/cgroup/cpuset.cpus.isolated", "1\n");
  EXPECT_EQ((Report(files, CpuSet{1})["isolated"].level), ok);
}

TEST(Readiness, IrqbalanceIsAProblemWithoutIsolation) {
  const auto files = captured("guest_x86_2cpu").with("/proc/99/comm", "irqbalance\n");
  EXPECT_EQ((Report(files, CpuSet{1})["irqbalance"].level), problem);
}

TEST(Readiness, InterruptsThatMayMoveAreAdvice) {
  const auto files = captured("guest_x86_2cpu");
  auto moved = files.with("/proc/irq/36/effective_affinity_list", "0\n");
  for (const char* irq : {"38", "42"})
    ASSERT_TRUE(moved.write(std::string("/proc/irq/") + irq + "/effective_affinity_list", "0\n"));
  const Report report(moved, CpuSet{1});
  EXPECT_EQ(report["irq_affinity"].level, advice);
  EXPECT_THAT(report["irq_affinity"].seen, HasSubstr("4 may be moved"));
}

TEST(Readiness, ClocksourceOnX86) {
  const CapturedMachine server = captured("server_x86_smt");
  const std::string current = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  EXPECT_EQ((Report(server.with(current, "hpet\n"), kServerCpus)["clocksource"].level), problem);
  EXPECT_EQ(
      (Report(server.with("/proc/cmdline", "quiet tsc=reliable\n"), kServerCpus)["clocksource"]
           .level),
      ok);
}

TEST(Readiness, QuotaOfVersionOneGroups) {
  const auto files =
      captured("guest_x86_2cpu").with("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
  EXPECT_EQ((Report(files, CpuSet{1})["cgroup_quota"].level), problem);
  const auto none = captured("guest_x86_2cpu").with("/sys/fs/cgroup/cpu/cpu.rt_runtime_us", "0\n");
  EXPECT_EQ((Report(none, CpuSet{1})["rt_group"].level), problem);
}

TEST(Readiness, TracingThatIsMissing) {
  const CapturedMachine guest = captured("guest_x86_2cpu");
  EXPECT_EQ((Report(guest.without("/sys/kernel/tracing"), CpuSet{1})["tracefs"].level),
            not_applicable);
  auto unmounted = guest.without("/sys/kernel/tracing");
  ASSERT_TRUE(unmounted.make_dir("/sys/kernel/tracing"));
  EXPECT_EQ((Report(unmounted, CpuSet{1})["tracefs"].level), advice);
}

TEST(Readiness, EveryFindingIsWholeOnEveryMachine) {
  std::vector<std::string> order;
  std::vector<MemoryFiles> machines;
  for (const char* name : {"guest_x86_2cpu", "server_x86_smt", "emag_arm64_32cpu"})
    machines.push_back(captured(name).files());
  machines.emplace_back();  // a machine that shows nothing
  for (const MemoryFiles& files : machines) {
    const Report report(files, CpuSet{1});
    std::vector<std::string> ids;
    for (const auto& finding : report.all()) {
      ids.push_back(finding.id);
      EXPECT_THAT(finding.id, testing::MatchesRegex("[a-z_]+"));
      EXPECT_FALSE(finding.subject.empty()) << finding.id;
      EXPECT_FALSE(finding.seen.empty()) << finding.id;
      const bool acts = finding.level == advice || finding.level == problem;
      EXPECT_EQ(acts, !finding.matters.empty()) << finding.id;
      if (acts) {
        EXPECT_FALSE(finding.advice.empty()) << finding.id;
      }
    }
    EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size());
    if (order.empty()) order = ids;
    EXPECT_EQ(ids, order);
  }
}

TEST(Readiness, ChangesNothing) {
  auto files = captured("server_x86_smt").files();
  const HostFacts facts = read_kernel_facts(files);
  EXPECT_EQ(check_readiness(files, facts, kServerCpus), check_readiness(files, facts, kServerCpus));
  EXPECT_TRUE(files.log().empty());
}

}  // namespace
}  // namespace isolab
