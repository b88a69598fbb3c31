// SPDX-License-Identifier: Apache-2.0
// The observers on machines made of text, changed between begin() and end().
#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>

#include "probes/busy_loop/clock_track.h"
#include "probes/contract/observer.h"
#include "probes/formats/proc_stat.h"

namespace isolab {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kInterruptsBefore =
    "           CPU0       CPU1       \n"
    " 36:         10          0   PCI-MSI 65536-edge      virtio0\n"
    "CAL:        100        200   Function call interrupts\n"
    "TLB:          5          6   TLB shootdowns\n";
constexpr const char* kInterruptsAfter =
    "           CPU0       CPU1       \n"
    " 36:         15          0   PCI-MSI 65536-edge      virtio0\n"
    "CAL:        101        240   Function call interrupts\n"
    "TLB:          5          7   TLB shootdowns\n";
constexpr const char* kSoftirqsBefore =
    "                    CPU0       CPU1\n"
    "          HI:          1          2\n"
    "       TIMER:        100        200\n";
constexpr const char* kSoftirqsAfter =
    "                    CPU0       CPU1\n"
    "          HI:          1          2\n"
    "       TIMER:        110        201\n";

class ObserverOn : public ::testing::Test {
 protected:
  MemoryFiles files_;
  HostFacts facts_;
  StateGuard guard_{files_, "/tmp/isolab-observer-test"};

  void set(const std::string& path, const std::string& text) {
    auto contents = files_.contents();
    contents[path] = text;
    files_ = MemoryFiles(contents);
  }
  std::unique_ptr<Observer> make(const std::string& name) {
    const ObserverContext context{
        Host{files_, facts_}, guard_, CpuSet{1}, CpuSet{0}, "/tmp", Nanos(0)};
    return find_observer(name)->make({}, context).value();
  }
};

TEST_F(ObserverOn, InterruptsKeepsEveryRowOfBothTables) {
  set("/proc/interrupts", kInterruptsBefore);
  set("/proc/softirqs", kSoftirqsBefore);
  auto observer = make("interrupts");
  ASSERT_TRUE(observer->begin());
  set("/proc/interrupts", kInterruptsAfter);
  set("/proc/softirqs", kSoftirqsAfter);
  ASSERT_TRUE(observer->end());
  WindowRecord record;
  ASSERT_TRUE(observer->finish(record));
  ASSERT_THAT(record.interrupts, SizeIs(3));
  const CounterRow& calls = record.interrupts[1];
  EXPECT_EQ(calls.kind, "function_call");
  EXPECT_EQ(calls.after.at(1) - calls.before.at(1), 40u);
  ASSERT_THAT(record.softirqs, SizeIs(2));
  EXPECT_EQ(record.softirqs[1].after.at(0) - record.softirqs[1].before.at(0), 10u);
}

TEST_F(ObserverOn, InterruptsOfAFailedWindowSaysItHasNoEnd) {
  set("/proc/interrupts", kInterruptsBefore);
  set("/proc/softirqs", kSoftirqsBefore);
  auto observer = make("interrupts");
  ASSERT_TRUE(observer->begin());
  WindowRecord record;
  ASSERT_TRUE(observer->finish(record));
  EXPECT_THAT(record.notes.at("interrupts"), HasSubstr("not read at the end"));
}

class SmiOn : public ObserverOn {
 protected:
  /// MSR 0x34 of CPU 1, little-endian, behind 0x34 bytes that pread skips.
  void set_count(std::uint32_t count) {
    std::string msr(0x34, '\xff');
    for (int i = 0; i < 8; ++i)
      msr += static_cast<char>(i < 4 ? (count >> (8 * i)) & 0xff : 0x77);  // upper half: reserved
    set("/dev/cpu/1/msr", msr);
  }
  WindowRecord count(std::uint32_t before, std::uint32_t after) {
    set("/proc/cpuinfo", "vendor_id\t: GenuineIntel\n");
    set_count(before);
    auto observer = make("smi");
    EXPECT_TRUE(observer->prepare());
    EXPECT_TRUE(observer->begin());
    EXPECT_TRUE(observer->end());
    set_count(after);
    WindowRecord record;
    EXPECT_TRUE(observer->finish(record));
    return record;
  }
  std::string reason() { return count(0, 1).notes.at("smi.cpu1"); }
};

TEST_F(SmiOn, CountsAlsoAcrossAWrapAround) {
  facts_.arch = "x86_64";
  EXPECT_EQ(count(100, 100).notes.at("smi.cpu1"), "0");
  EXPECT_THAT(count(100, 100).warnings, IsEmpty());
  const auto record = count(0xffff'fffe, 3);
  EXPECT_EQ(record.notes.at("smi.cpu1"), "5");
  ASSERT_THAT(record.warnings, SizeIs(1));
  EXPECT_THAT(record.warnings[0].seen, HasSubstr("CPU 1 5 times"));
}

TEST_F(SmiOn, SaysWhereThereIsNoCounter) {
  facts_.arch = "arm64";
  EXPECT_THAT(reason(), HasSubstr("not applicable: only x86"));
  facts_.arch = "x86_64";
  facts_.hypervisor = "KVM";
  EXPECT_THAT(reason(), HasSubstr("not applicable: the counter of a guest"));
  facts_.hypervisor = "";
  set("/proc/cpuinfo", "vendor_id\t: AuthenticAMD\n");
  set_count(7);
  auto observer = make("smi");
  ASSERT_TRUE(observer->prepare());
  WindowRecord record;
  ASSERT_TRUE(observer->finish(record));
  EXPECT_THAT(record.notes.at("smi.cpu1"), HasSubstr("only Intel"));
}

TEST_F(SmiOn, SaysWhichFileCannotBeRead) {
  facts_.arch = "x86_64";
  set("/proc/cpuinfo", "vendor_id\t: GenuineIntel\n");
  auto observer = make("smi");
  ASSERT_TRUE(observer->prepare());
  WindowRecord record;
  ASSERT_TRUE(observer->finish(record));
  EXPECT_THAT(record.notes.at("smi.cpu1"), HasSubstr("not applicable: cannot open /dev/cpu/1/msr"));
}

TEST_F(ObserverOn, CpuTimeIsTheDifferencePerCpu) {
  const long hz = sysconf(_SC_CLK_TCK);
  const auto stat = [&](long user, long steal) {
    return "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 " + std::to_string(user * hz) +
           " 0 0 0 0 0 0 " + std::to_string(steal * hz) + " 0 0\nintr 5\n";
  };
  set("/proc/stat", stat(10, 1));
  auto observer = make("cpu_time");
  ASSERT_TRUE(observer->begin());
  set("/proc/stat", stat(13, 2));
  ASSERT_TRUE(observer->end());
  WindowRecord record;
  ASSERT_TRUE(observer->finish(record));
  ASSERT_THAT(record.cpu_times, SizeIs(2));
  EXPECT_EQ(record.cpu_times[1].cpu, 1);
  EXPECT_DOUBLE_EQ(record.cpu_times[1].user, 3);
  EXPECT_DOUBLE_EQ(record.cpu_times[1].steal, 1);
  EXPECT_DOUBLE_EQ(record.cpu_times[0].user, 0);
}

TEST_F(ObserverOn, FaultsCountsTheMachines) {
  set("/proc/vmstat", "pgfault 100\npgmajfault 1\n");
  auto observer = make("faults");
  ASSERT_TRUE(observer->begin());
  set("/proc/vmstat", "pgfault 150\npgmajfault 1\n");
  ASSERT_TRUE(observer->end());
  WindowRecord record;
  ASSERT_TRUE(observer->finish(record));
  EXPECT_EQ(record.notes.at("faults.pgfault"), "50");
  EXPECT_THAT(record.notes.at("faults.numa_hint_faults"), HasSubstr("not applicable"));
}

TEST(ProcStat, RefusesWhatItCannotRead) {
  EXPECT_FALSE(parse_proc_stat("", 100));
  EXPECT_FALSE(parse_proc_stat("cpu0 1 2 three\n", 100));
  EXPECT_FALSE(parse_counters("pgfault many\n"));
}

TEST(ProcStat, ACounterThatWentBackIsNoNegativeTime) {
  CpuTime before, after;
  before.idle = 5;
  after.idle = 4.9;
  EXPECT_EQ(cpu_time_between({before}, {after}).at(0).idle, 0);
}

TEST(ClockTrack, ThinsOutAndFindsTheDriftOfAnyWindow) {
  ClockTrack track;
  // 2.3 ticks/ns; the second half 10 ppm faster.
  const std::uint64_t half = 500'000'000'000;
  for (std::uint64_t ns = 0; ns <= 2 * half; ns += 100'000'000) {
    if (ns > 0 && !track.due(ns)) continue;
    const double fast = ns > half ? static_cast<double>(ns - half) * 1e-5 : 0;
    track.add(
        {static_cast<std::uint64_t>(std::llround(2.3 * (static_cast<double>(ns) + fast))), ns, 50});
  }
  EXPECT_EQ(track.first().ns, 0u);
  EXPECT_GT(track.span(), Nanos(900'000'000'000));
  EXPECT_NEAR(track.line().drift_ppm, 10, 1);
}

TEST(ClockTrack, TwoReadingsHaveNoDrift) {
  ClockTrack track;
  track.add({0, 0, 50});
  track.add({2'300'000, 1'000'000, 50});
  EXPECT_EQ(track.line().drift_ppm, 0);
  EXPECT_NEAR(track.line().ticks_per_second(), 2.3e9, 1);
}

}  // namespace
}  // namespace isolab
