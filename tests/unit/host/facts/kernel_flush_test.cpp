// SPDX-License-Identifier: Apache-2.0
// How a kernel flushes its own mappings, on machines of both vendors: with and without the
// instruction, with a configuration that has the option, lacks it, or cannot be read.
#include "host/facts/kernel_flush.h"

#include <gmock/gmock.h>

#include "host/facts/facts.h"
#include "tests/support/captured_machine.h"

namespace isolab {
namespace {

using By = KernelFlush::By;
using testing::HasSubstr;

constexpr const char* kIntel =
    "vendor_id\t: GenuineIntel\ncpu family\t: 6\nflags\t\t: fpu tsc pti\n";
constexpr const char* kZen2 = "vendor_id\t: AuthenticAMD\ncpu family\t: 23\nflags\t\t: fpu tsc\n";
constexpr const char* kZen4 = "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nflags\t\t: fpu tsc\n";
constexpr const char* kZen4Pti =
    "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nflags\t\t: fpu pti tsc\n";
constexpr const char* kListed =
    "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nflags\t\t: fpu invlpgb tsc\n";

struct Machine {
  const char* name;
  FlushFacts facts;
  By by;
  const char* source;  // a part of it
};

class KernelFlushes : public testing::TestWithParam<Machine> {};

TEST_P(KernelFlushes, FollowFromProcessorAndKernel) {
  const KernelFlush flush = x86_kernel_flush(GetParam().facts);
  EXPECT_EQ(flush.by, GetParam().by) << flush.text();
  EXPECT_THAT(flush.source, HasSubstr(GetParam().source));
}

const Machine kFlushMachines[] = {
    {"Intel", {{}, kIntel, "", "6.18.1", "y"}, By::interrupt, "vendor GenuineIntel"},
    {"IntelUnreadable", {{}, kIntel, "", "6.18.1", "unknown"}, By::interrupt, "GenuineIntel"},
    {"IntelAsked", {false, kIntel, "", "6.18.1", "y"}, By::interrupt, "CPUID"},
    {"AmdBeforeZen3", {{}, kZen2, "", "6.18.1", "y"}, By::interrupt, "AMD family 23"},
    {"AmdWithout", {false, kZen4, "", "6.18.1", "y"}, By::interrupt, "no INVLPGB (CPUID"},
    {"AmdWithoutUnreadable", {false, kZen4, "", "6.18.1", "unknown"}, By::interrupt, "CPUID"},
    {"AmdWith",
     {true, kZen4, "", "6.18.1", "y"},
     By::broadcast,
     "INVLPGB (CPUID 80000008h, CONFIG"},
    {"AmdWithOptionOff", {true, kZen4, "", "6.18.1", "n"}, By::interrupt, "no CONFIG_BROADCAST"},
    {"AmdWithUnreadable", {true, kZen4, "", "6.18.1", "unknown"}, By::unknown, "cannot be read"},
    {"AmdWithOldUnreadable", {true, kZen4, "", "6.1.1", "unknown"}, By::unknown, "cannot be read"},
    {"AmdNotAsked", {{}, kZen4, "", "6.18.1", "y"}, By::unknown, "CPUID 80000008h was not read"},
    {"AmdNotAskedOptionOff", {{}, kZen4, "", "6.18.1", "n"}, By::interrupt, "no CONFIG_BROADCAST"},
    {"AmdListed", {{}, kListed, "", "6.18.1", "y"}, By::broadcast, "/proc/cpuinfo"},
    {"AmdIsolatedPageTables", {true, kZen4Pti, "", "6.18.1", "y"}, By::interrupt, "page table"},
    {"AmdIsolatedPageTablesEarly", {true, kZen4Pti, "", "6.15.1", "y"}, By::unknown, "6.15.3"},
    {"AmdCleared",
     {true, kZen4, "ro clearcpuid=smap,419 quiet\n", "6.18.1", "y"},
     By::interrupt,
     "clearcpuid="},
    {"AmdOtherCleared",
     {true, kZen4, "ro clearcpuid=1419,smap\n", "6.18.1", "y"},
     By::broadcast,
     "INVLPGB"},
    {"NoCpuinfo", {{}, "", "", "", "unknown"}, By::unknown, "no vendor"},
};

INSTANTIATE_TEST_SUITE_P(All, KernelFlushes, testing::ValuesIn(kFlushMachines),
                         [](const auto& test) { return test.param.name; });

TEST(KernelFlush, TextReadsBack) {
  for (const By by : {By::unknown, By::interrupt, By::broadcast}) {
    const KernelFlush flush{by, "measured: 1, 2"};
    const auto back = KernelFlush::parse(flush.text());
    ASSERT_TRUE(back);
    EXPECT_EQ(back->by, by);
    EXPECT_EQ(back->source, flush.source);
  }
  EXPECT_FALSE(KernelFlush::parse(""));
  EXPECT_FALSE(KernelFlush::parse("by post"));
}

TEST(KernelFlush, IsAFactOfEveryCapturedMachine) {
  const auto flush_of = [](const char* name) {
    const CapturedMachine machine(ISOLAB_SOURCE_DIR "/tests/hosts", name);
    const HostFacts facts = read_kernel_facts(machine.files());
    EXPECT_EQ(facts.all.at("kernel.tlb_flush"), facts.kernel_flush.text());
    return facts.kernel_flush.by;
  };
  EXPECT_EQ(flush_of("emag_arm64_32cpu"), By::broadcast);
  EXPECT_EQ(flush_of("guest_arm64_32cpu"), By::broadcast);
  EXPECT_EQ(flush_of("server_x86_smt"), By::interrupt);
  EXPECT_EQ(flush_of("guest_x86_2cpu"), By::interrupt);
  EXPECT_EQ(flush_of("server_amd_8cpu"), By::unknown);
}

}  // namespace
}  // namespace isolab
