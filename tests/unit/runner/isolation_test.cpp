// SPDX-License-Identifier: Apache-2.0
// Runtime isolation on a machine made of text: what is written, and that all of it is undone.
#include "runner/isolation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "plan/compile.h"
#include "plan/profile.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// Four CPUs with cgroup v2. Files of a cgroup appear when it is made, a partition says what became
/// of it, interrupt 9 is bound by its driver.
class Machine final : public Files {
 public:
  std::map<std::string, std::string> at{
      {"/proc/self/mountinfo", "30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"},
      {"/sys/fs/cgroup/cgroup.controllers", "cpuset cpu pids\n"},
      {"/sys/fs/cgroup/cgroup.subtree_control", "cpu\n"},
      {"/proc/irq/default_smp_affinity", "f\n"},
      {"/proc/irq/7/smp_affinity_list", "0-3\n"},
      {"/proc/irq/8/smp_affinity_list", "2\n"},
      {"/proc/irq/9/smp_affinity_list", "3\n"},
      {"/proc/irq/10/smp_affinity_list", "0\n"},
      {"/sys/devices/virtual/workqueue/cpumask", "f\n"},
      {"/proc/sys/kernel/timer_migration", "0\n"}};
  std::string becomes = "isolated";
  std::string partition;

  Result<std::string> read(const std::string& path) const override {
    const auto found = at.find(path);
    if (found == at.end()) return Error{ErrorKind::unsupported, "cannot open " + path};
    return found->second;
  }
  Result<std::vector<std::string>> list(const std::string&) const override {
    return std::vector<std::string>{"10", "7", "8", "9", "default_smp_affinity"};
  }
  bool exists(const std::string& path) const override {
    const auto next = at.lower_bound(path);
    return next != at.end() && (next->first == path || next->first.starts_with(path + "/"));
  }
  Result<void> write(const std::string& path, std::string_view text) override {
    if (path == "/proc/irq/9/smp_affinity_list") return errno_error("cannot write " + path, EIO);
    if (!at.contains(path)) return Error{ErrorKind::unsupported, "cannot open " + path};
    std::string value(text);
    if (path.ends_with("cpuset.cpus.partition")) value = becomes;
    if (path.ends_with("subtree_control")) value = text == "+cpuset" ? "cpu cpuset\n" : "cpu\n";
    at[path] = value;
    return {};
  }
  Result<void> make_dir(const std::string& path) override {
    partition = path;
    for (const char* name : {"cgroup.type", "cpuset.cpus", "cpuset.cpus.partition"})
      at[path + "/" + name] = "";
    at[path + "/cpuset.cpus.effective"] = "2-3\n";
    return {};
  }
  Result<void> remove_dir(const std::string& path) override {
    std::erase_if(at, [&](const auto& file) { return file.first.starts_with(path + "/"); });
    return {};
  }
};

class RuntimeIsolation : public testing::Test {
 protected:
  RuntimeIsolation() {
    facts_.online = *CpuSet::parse("0-3");
    facts_.root = true;
  }
  Host host() { return {machine_, facts_}; }

  const test::TemporaryDirectory scratch_;
  const std::filesystem::path journals_ = scratch_.path();
  Machine machine_;
  HostFacts facts_;
  const PlannedIsolation partition_{CpuSet{2, 3}, "partition"};
  const CpuSet housekeeping_{0, 1};
};

TEST_F(RuntimeIsolation, APartitionIsMadeVerifiedAndUndone) {
  const auto before = machine_.at;
  StateGuard guard(machine_, journals_);
  const auto made = isolate(partition_, housekeeping_, host(), guard);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(made->cgroup, machine_.partition);
  EXPECT_EQ(machine_.at[made->cgroup + "/cgroup.type"], "threaded");
  EXPECT_EQ(machine_.at[made->cgroup + "/cpuset.cpus"], "2-3");
  EXPECT_EQ(machine_.at["/sys/fs/cgroup/cgroup.subtree_control"], "cpu cpuset\n");
  EXPECT_EQ(machine_.at["/proc/irq/7/smp_affinity_list"], "0-1");
  EXPECT_EQ(machine_.at["/proc/irq/8/smp_affinity_list"], "0-1");
  EXPECT_EQ(machine_.at["/proc/irq/10/smp_affinity_list"], "0\n");
  EXPECT_EQ(machine_.at["/proc/irq/default_smp_affinity"], "3");
  EXPECT_EQ(machine_.at["/sys/devices/virtual/workqueue/cpumask"], "3");
  EXPECT_EQ(machine_.at["/proc/sys/kernel/timer_migration"], "1");
  EXPECT_THAT(made->done, Contains("2 interrupts moved off CPU 2-3"));
  ASSERT_THAT(made->warnings, SizeIs(1));
  EXPECT_THAT(made->warnings[0].seen, HasSubstr("interrupts 9 cannot"));

  EXPECT_THAT(guard.restore(), IsEmpty());
  for (const auto& [path, value] : before)
    EXPECT_EQ(trimmed(machine_.at[path]), trimmed(value)) << path;
  EXPECT_FALSE(machine_.exists(made->cgroup));
}

TEST_F(RuntimeIsolation, WhatTheKernelCannotIsNotApplicableWithItsReason) {
  StateGuard guard(machine_, journals_);
  machine_.becomes = "isolated invalid (Cpu list in cpuset.cpus not exclusive)";
  auto refused = isolate(partition_, housekeeping_, host(), guard);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(refused.error().what, HasSubstr("not exclusive"));
  EXPECT_THAT(guard.restore(), IsEmpty());
  EXPECT_EQ(machine_.at["/sys/fs/cgroup/cgroup.subtree_control"], "cpu\n");

  machine_.at["/sys/fs/cgroup/cgroup.controllers"] = "cpu pids\n";
  refused = isolate(partition_, housekeeping_, host(), guard);
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(refused.error().what, HasSubstr("no cpuset controller"));

  machine_.at["/proc/self/mountinfo"] =
      "31 25 0:27 / /sys/fs/cgroup rw - cgroup cgroup rw,cpuset\n";
  refused = isolate(partition_, housekeeping_, host(), guard);
  EXPECT_EQ(refused.error().kind, ErrorKind::unsupported);
  EXPECT_THAT(refused.error().what, HasSubstr("no cgroup v2"));
  EXPECT_THAT(guard.entries(), IsEmpty());
}

TEST_F(RuntimeIsolation, TheCommandLineIsVerifiedAndTheMissingPartNamed) {
  StateGuard guard(machine_, journals_);
  const PlannedIsolation cmdline{CpuSet{2, 3}, "cmdline"};
  auto outcome = isolate(cmdline, housekeeping_, host(), guard);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().hint,
            "add to the kernel's command line: isolcpus=managed_irq,domain,2-3 nohz_full=2-3 "
            "rcu_nocbs=2-3");
  facts_.isolated = CpuSet{2, 3};
  facts_.nohz_full = CpuSet{1, 2, 3};
  outcome = isolate(cmdline, housekeeping_, host(), guard);
  EXPECT_EQ(outcome.error().hint, "add to the kernel's command line: rcu_nocbs=2-3");
  facts_.rcu_nocbs = facts_.nohz_full;
  outcome = isolate(cmdline, housekeeping_, host(), guard);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->cgroup, "");
  EXPECT_THAT(guard.entries(), IsEmpty());
}

Result<Plan> plan_with(const std::string& lines, const HostFacts& facts) {
  return compile_plan(TRY(read_profile_text("t", "name: t\nquestion: q\nprobe: none\n" + lines +
                                                     "arms: {idle: {}}\ndesign: {measure: 1s}\n")),
                      facts);
}

TEST_F(RuntimeIsolation, TheProfileNamesTheCpus) {
  auto plan = plan_with("isolation: {cpus: 2-3, via: partition}\n", facts_);
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->isolation, partition_);
  EXPECT_EQ(plan->measured.list(), "2-3");
  EXPECT_EQ(plan->housekeeping.list(), "0-1");
  EXPECT_TRUE(plan->measured_isolated);
  plan = plan_with("isolation: {cpus: 2-3, via: partition}\ncpus: {measured: '3'}\n", facts_);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->measured.list(), "3");
  EXPECT_EQ(plan->housekeeping.list(), "0-1");
  EXPECT_THAT(plan_with("isolation: {cpus: 3-4, via: partition}\n", facts_).error().what,
              HasSubstr("t:4:12: CPU 4 is not online"));
  EXPECT_THAT(plan_with("isolation: {cpus: 0-3, via: partition}\n", facts_).error().what,
              HasSubstr("no CPU is left for housekeeping"));
  EXPECT_THAT(
      plan_with("isolation: {cpus: 2-3, via: partition}\ncpus: {housekeeping: 0-2}\n", facts_)
          .error()
          .what,
      HasSubstr("both isolated and housekeeping"));
}

TEST_F(RuntimeIsolation, MistakesInTheProfileAreNamed) {
  for (const auto& [text, told] : std::map<std::string, std::string>{
           {"isolation: 2-3\n", "isolation: is a single value"},
           {"isolation: {cpus: x, via: partition}\n", "cpus: is missing or not a CPU list"},
           {"isolation: {cpus: 2, via: partitoin}\n", "did you mean \"partition\""},
           {"isolation: {cpus: 2, via: cmdline, cpu: 3}\n", "unknown key \"cpu\""}})
    EXPECT_THAT(plan_with(text, facts_).error().what, HasSubstr(told)) << text;
}

}  // namespace
}  // namespace isolab
