// SPDX-License-Identifier: Apache-2.0
// A capture has nothing of other people's processes but names, numbers, affinities and descriptors
// that interrupt other CPUs.
#include "host/captured/kept.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/captured/capture.h"
#include "host/readiness/capture_machine.h"

namespace isolab {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Kept, DescriptorsThatInterruptOthers) {
  for (const char* target :
       {"anon_inode:[perf_event]", "anon_inode:bpf-prog", "anon_inode:bpf_link",
        "anon_inode:bpf-link", "anon_inode:bpf-stats", "anon_inode:[timerfd]", "anon_inode:kvm-vm",
        "/dev/cpu/0/msr", "/dev/cpu/12/cpuid",
        "/sys/devices/system/cpu/cpufreq/policy0/scaling_cur_freq"})
    EXPECT_TRUE(interrupts_others(target)) << target;
  for (const char* target : {"/home/user/secret", "socket:[123]", "anon_inode:[eventpoll]",
                             "/dev/cpu/microcode", "/sys/devices/system/cpu/online", ""})
    EXPECT_FALSE(interrupts_others(target)) << target;
}

TEST(Kept, RowsOfProcesses) {
  EXPECT_EQ(kept_text("/proc/5/task/6/status",
                      "Name:\tx\nPid:\t6\nUid:\t1000\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n"),
            "Name:\tx\nPid:\t6\nCpus_allowed_list:\t0-3\n");
  EXPECT_EQ(
      kept_text("/proc/5/stat",
                "5 (a) b) S 1 2 3 4 5 99 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 "
                "26 27 28 29 30 31 32 33 34 35 36 3 38 39 40\n"),
      "5 (a) b) S 0 0 0 0 0 99 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 36\n");
  EXPECT_EQ(kept_text("/proc/5/fdinfo/3", "pos:\t0\nino:\t7\nlink_type:\txdp\nprog_tag:\tab\n"),
            "link_type:\txdp\n");
  EXPECT_EQ(kept_text("/proc/5/timers", "ID: 0\nsignal: 60/00007f0012345678\nClockID: 1\n"),
            "ID: 0\nClockID: 1\n");
  EXPECT_EQ(
      kept_text("/proc/timer_list",
                "now at 5 nsecs\ncpu: 0\n #0: <00000000ffd8>, hrtimer_wakeup, S:01\n # expires\n"),
      "cpu: 0\n #0: <0>, hrtimer_wakeup, S:01\n");
  for (const char* path : {"/proc/5/cmdline", "/proc/5/environ", "/proc/5/maps", "/proc/5/fd/3"})
    EXPECT_EQ(kept_text(path, "secret"), "") << path;
  EXPECT_EQ(kept_text("/proc/self/status", "Uid:\t0\n"), "Uid:\t0\n");
  EXPECT_EQ(kept_text("/proc/irq/5/smp_affinity_list", "3\n"), "3\n");
}

TEST(Kept, ACaptureHasNoNamesOfFilesAndNoArguments) {
  const MemoryFiles files{
      {{"/proc/self/status", "Pid:\t9\n"},
       {"/proc/5/comm", "app\n"},
       {"/proc/5/cmdline", "app\0--password=hidden"},
       {"/proc/5/task/5/status", "Name:\tapp\nUid:\t1234567\nCpus_allowed_list:\t0-1\n"},
       {"/proc/5/fd/3", "/home/user/hidden"},
       {"/proc/5/fd/4", "anon_inode:[perf_event]"},
       {"/sys/devices/system/cpu/online", "0-1\n"}}};
  const std::string text = capture_machine(files, "t");
  EXPECT_THAT(text, HasSubstr("== /proc/5/fd/4\nanon_inode:[perf_event]\n"));
  EXPECT_THAT(text, HasSubstr("Cpus_allowed_list:\t0-1"));
  for (const char* hidden : {"hidden", "1234567", "/proc/5/fd/3", "cmdline\n"})
    EXPECT_THAT(text, Not(HasSubstr(hidden))) << hidden;
}

}  // namespace
}  // namespace isolab
