// SPDX-License-Identifier: Apache-2.0
// Machines that are not this one: captures, directory trees and sosreports, and hostile ones.
#include "host/captured/captured_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "host/captured/capture.h"
#include "host/facts/measured_cpus.h"
#include "host/readiness/readiness.h"
#include "tests/support/temporary_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Tree {
 public:
  fs::path root() const { return scratch_.path() / "root"; }
  fs::path outside() const { return scratch_.path() / "outside"; }
  void add(const std::string& path, const std::string& text) const {
    const fs::path file = root() / path;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void add_outside(const std::string& text) const { std::ofstream(outside()) << text; }
  void link(const std::string& path, const std::string& target) const {
    const fs::path file = root() / path;
    fs::create_directories(file.parent_path());
    fs::create_symlink(target, file);
  }

 private:
  test::TemporaryDirectory scratch_;
};

const ReadinessFinding& finding(const std::vector<ReadinessFinding>& all, const std::string& id) {
  for (const auto& machine : all)
    if (machine.id == id) return machine;
  throw std::logic_error("no finding " + id);
}

TEST(CapturedMachine, ADirectoryTree) {
  const Tree tree;
  tree.add("sys/devices/system/cpu/online", "0-3\n");
  tree.add("sys/devices/system/cpu/isolated", "2-3\n");
  tree.add("proc/version", "Linux version 6.12.9 (builder@host) #1 SMP\n");
  tree.add("proc/cpuinfo", "vendor_id : GenuineIntel\nmodel name : A CPU\nflags : fpu\n");
  tree.add("proc/cmdline", "isolcpus=2-3\n");
  const auto files = open_captured_machine(tree.root());
  ASSERT_TRUE(files) << files.error().text();
  const HostFacts facts = read_captured_facts(**files);
  EXPECT_TRUE(facts.captured);
  EXPECT_EQ(facts.online.list(), "0-3");
  EXPECT_EQ(facts.arch, "x86_64");
  EXPECT_EQ(facts.kernel_release, "6.12.9");
  EXPECT_EQ(facts.all.at("software.libc"), "not applicable: captured machine");
  EXPECT_EQ(default_measured(facts)->cpus.list(), "2-3");

  const auto findings = check_readiness(**files, facts, {2, 3});
  EXPECT_EQ(finding(findings, "isolated").level, ReadinessLevel::ok);
  EXPECT_EQ(finding(findings, "hypervisor").level, ReadinessLevel::ok);
  // What was not captured is not what the machine lacks.
  for (const char* id : {"irqbalance", "tracefs", "irq_affinity", "watchdog", "rights", "cpuset",
                         "smt_siblings", "rt_throttle", "governor", "khugepaged"}) {
    EXPECT_EQ(finding(findings, id).level, ReadinessLevel::not_applicable) << id;
    EXPECT_THAT(finding(findings, id).seen, HasSubstr("captured machine, without /")) << id;
  }
}

TEST(CapturedMachine, AFindingHoldsWhereItsDecidingFileIsThere) {
  const Tree tree;
  tree.add("sys/devices/system/cpu/online", "0-3\n");
  tree.add("sys/devices/system/cpu/isolated", "\n");
  tree.add("proc/cmdline", "quiet\n");
  tree.add("proc/self/cgroup", "0::/\n");
  const auto files = open_captured_machine(tree.root());
  ASSERT_TRUE(files);
  const HostFacts facts = read_captured_facts(**files);
  const auto findings = check_readiness(**files, facts, {3});
  EXPECT_EQ(finding(findings, "isolated").level, ReadinessLevel::problem);
  EXPECT_EQ(finding(findings, "isolated").seen, "no CPU is isolated");
  EXPECT_THAT(finding(findings, "nohz_full").seen, HasSubstr("no CONFIG_NO_HZ_FULL"));
  EXPECT_EQ(finding(findings, "rcu_nocbs").level, ReadinessLevel::problem);
  for (const char* id : {"cgroup_quota", "cpuset", "rt_group"})  // /sys/fs/cgroup is not there
    EXPECT_EQ(finding(findings, id).level, ReadinessLevel::not_applicable) << id;
}

TEST(CapturedMachine, ItsArchitectureIsThatOfItsFiles) {
  const Tree tree;
  tree.add("proc/cpuinfo", "processor : 0\nCPU implementer : 0x41\nCPU part : 0xd4f\n");
  const auto files = open_captured_machine(tree.root());
  ASSERT_TRUE(files);
  const HostFacts arm = read_captured_facts(**files);
  EXPECT_EQ(arm.arch, "arm64");
  EXPECT_EQ(arm.kernel_flush.by, KernelFlush::By::broadcast);
  const HostFacts nothing = read_captured_facts(MemoryFiles{});
  EXPECT_EQ(nothing.arch, "unknown");
  EXPECT_EQ(nothing.kernel_flush.by, KernelFlush::By::unknown);
}

TEST(CapturedMachine, ControlCharactersDoNotReachATerminal) {
  const MemoryFiles files{{{"/proc/sys/kernel/hostname", "a\x1b[2Jb\n"},
                           {"/proc/version", std::string("Linux version 6.1\0\x7f (x)", 23)}}};
  const HostFacts facts = read_captured_facts(files);
  EXPECT_EQ(facts.all.at("machine.host_name"), "a?[2Jb");
  for (const auto& [key, value] : facts.all)
    for (const char c : value) EXPECT_FALSE(c == 0 || c == 0x1b || c == 0x7f) << key;
  EXPECT_THAT(parse_capture("c.txt", "== a\x1b[2J\n").error().what, HasSubstr("\"a?[2J\""));
}

TEST(CapturedMachine, NoLinkLeadsOut) {
  const Tree tree;
  tree.add_outside("secret");
  tree.add("proc/real", "inside\n");
  tree.link("proc/absolute", "/proc/real");
  tree.link("proc/up", "../../outside");
  tree.link("proc/far", "/../../../../../../etc/passwd");
  tree.link("proc/named", tree.outside().string());
  tree.link("proc/directory", "/");
  tree.link("proc/loop", "loop");
  const auto files = open_captured_machine(tree.root());
  ASSERT_TRUE(files) << files.error().text();
  EXPECT_EQ((*files)->read("/proc/absolute").value_or(""), "inside\n");
  EXPECT_EQ((*files)->read("/proc/directory/proc/real").value_or(""), "inside\n");
  for (const char* path : {"/proc/up", "/proc/far", "/proc/named", "/../outside", "/proc/loop"}) {
    const auto text = (*files)->read(path);
    ASSERT_FALSE(text) << path << *text;
    EXPECT_THAT(text.error().what, HasSubstr(path));
    EXPECT_FALSE((*files)->exists(path)) << path;
  }
}

TEST(CapturedMachine, OnlyRegularFilesOfABoundedSize) {
  const Tree tree;
  tree.add("proc/cpuinfo", "");
  ASSERT_EQ(::mkfifo((tree.root() / "proc/pipe").c_str(), 0600), 0);
  tree.add("proc/large", "");
  fs::resize_file(tree.root() / "proc/large", (64U << 20) + 1);
  const auto files = open_captured_machine(tree.root());
  ASSERT_TRUE(files);
  for (const char* path : {"/proc", "/proc/pipe", "/proc/large"}) {
    const auto text = (*files)->read(path);
    ASSERT_FALSE(text) << path;
    EXPECT_EQ(text.error().kind, ErrorKind::parse) << path;
    EXPECT_THAT(text.error().what, HasSubstr(path));
  }
  EXPECT_FALSE((*files)->write("/proc/cpuinfo", "x"));
  EXPECT_FALSE(open_captured_machine(tree.root() / "proc/pipe"));
}

TEST(CapturedMachine, ASosreportIsReadThroughItsCommands) {
  const Tree tree;
  tree.add("proc/cpuinfo", "vendor_id : GenuineIntel\n");
  tree.add("sos_commands/kernel/sysctl_-a",
           "kernel.sched_rt_runtime_us = 950000\nkernel.sched_rt_period_us = 1000000\n"
           "kernel/../../bad = 1\n");
  tree.add("sos_commands/kernel/uname_-a", "Linux node1 5.14.0-1.el9.x86_64 #1 SMP x86_64\n");
  tree.add("sos_commands/processor/lscpu",
           "Architecture:            x86_64\nOn-line CPU(s) list:     0-7\n");
  const auto files = open_captured_machine(tree.root());
  ASSERT_TRUE(files);
  const HostFacts facts = read_captured_facts(**files);
  EXPECT_EQ(facts.kernel_release, "5.14.0-1.el9.x86_64");
  EXPECT_EQ(facts.online.list(), "0-7");
  EXPECT_EQ(facts.arch, "x86_64");
  EXPECT_EQ(facts.all.at("sched.rt_runtime_us"), "950000");
  EXPECT_EQ(finding(check_readiness(**files, facts, {7}), "rt_throttle").level,
            ReadinessLevel::advice);
}

TEST(CapturedMachine, WhatIsNoneIsRefusedWithItsPlace) {
  const Tree tree;
  tree.add("etc/hostname", "x");
  for (const fs::path& path : {tree.root(), tree.root() / "etc/hostname", tree.root() / "absent"}) {
    const auto files = open_captured_machine(path);
    ASSERT_FALSE(files) << path;
    EXPECT_THAT(files.error().what, HasSubstr(path.string()));
  }
}

TEST(Capture, BadArchivesAreRefusedWithTheirLine) {
  const auto error_of = [](const std::string& text) {
    const auto files = parse_capture("c.txt", text);
    return files ? std::string("none") : files.error().what;
  };
  EXPECT_THAT(error_of(""), HasSubstr("c.txt:0: not a capture"));
  EXPECT_THAT(error_of("# only a title\n"), HasSubstr("no \"== PATH\""));
  EXPECT_THAT(error_of("# t\nhello\n"), HasSubstr("c.txt:2: not a capture"));
  EXPECT_THAT(error_of("# t\n== relative\n"),
              HasSubstr("c.txt:2: \"relative\" is not an absolute"));
  EXPECT_THAT(error_of("# t\n== /a\n1\n== /a/../b\n"), HasSubstr("c.txt:4: "));
  EXPECT_THAT(error_of("== /cpu{0-}/x\n"), HasSubstr("c.txt:1: CPU list"));
  // Each list of CPUs multiplies its text: 8192 times 64 KiB is more than is taken.
  EXPECT_THAT(error_of("== /cpu{0-8191}/x\n" + std::string(65536, 'x')), HasSubstr("256 MiB"));
}

TEST(Capture, ListsOfCpusAreWrittenOut) {
  const auto files = parse_capture("c.txt", "# t\n== /cpu{0-1}/id\n{}\n== /cpu1/id\nother\n");
  ASSERT_TRUE(files);
  EXPECT_EQ(*files,
            (std::map<std::string, std::string>{{"/cpu0/id", "0\n"}, {"/cpu1/id", "other\n"}}));
}

}  // namespace
}  // namespace isolab
