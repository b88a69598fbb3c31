// SPDX-License-Identifier: Apache-2.0
#include "host/facts/cpu_kinds.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace isolab {
namespace {

using Texts = std::map<std::string, std::string>;

void set_each(Texts& files, const char* path, const CpuSet& cpus, const std::string& text) {
  for (const int cpu : cpus) files[fmt::format(fmt::runtime(path), cpu)] = text;
}

constexpr const char* kCapacity = "/sys/devices/system/cpu/cpu{}/cpu_capacity";
constexpr const char* kHighest = "/sys/devices/system/cpu/cpu{}/acpi_cppc/highest_perf";
constexpr const char* kMidr = "/sys/devices/system/cpu/cpu{}/regs/identification/midr_el1";

TEST(CpuKinds, X86HybridByItsCoreTypes) {
  Texts files{{"/sys/devices/cpu_core/cpus", "0-3\n"},
              {"/sys/devices/cpu_atom/cpus", "4-7\n"},
              {"/sys/devices/cpu_lowpower/cpus", "8-9\n"}};
  const CpuSet online = *CpuSet::parse("0-9");
  const auto kinds = read_cpu_kinds(MemoryFiles(files), online);
  EXPECT_EQ(kinds, (std::vector<CpuKind>{
                       {"P-core", {0, 1, 2, 3}}, {"E-core", {4, 5, 6, 7}}, {"LP E-core", {8, 9}}}));
  EXPECT_EQ(kinds_text(kinds, {4}), "E-core");
  EXPECT_EQ(kinds_text(kinds, {3, 4, 5}), "P-core: 3; E-core: 4-5");
  EXPECT_EQ(kinds_text(kinds, {}), "");
}

TEST(CpuKinds, WithoutCoreTypesByAStepInPerformance) {
  Texts files;
  set_each(files, kHighest, {0, 1, 2}, "62\n");
  set_each(files, kHighest, {3}, "66\n");  // a favoured core is of the same kind
  set_each(files, kHighest, {4, 5}, "40\n");
  const auto kinds = read_cpu_kinds(MemoryFiles(files), {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(kinds, (std::vector<CpuKind>{{"highest_perf 62-66", {0, 1, 2, 3}},
                                         {"highest_perf 40", {4, 5}}}));
}

TEST(CpuKinds, Arm64ByPartAndCapacity) {
  Texts files;
  set_each(files, kMidr, {0, 1}, "0x00000000410fd801\n");
  set_each(files, kMidr, {2, 3}, "0x00000000410fd811\n");
  set_each(files, kCapacity, {0}, "500\n");
  set_each(files, kCapacity, {1}, "510\n");
  set_each(files, kCapacity, {2}, "1000\n");
  set_each(files, kCapacity, {3}, "1024\n");
  set_each(files, kHighest, {0, 1, 2, 3}, "7\n");  // capacity is what counts
  const auto kinds = read_cpu_kinds(MemoryFiles(files), {0, 1, 2, 3});
  EXPECT_EQ(kinds, (std::vector<CpuKind>{{"part 0xd81, capacity 1000-1024", {2, 3}},
                                         {"part 0xd80, capacity 500-510", {0, 1}}}));
}

TEST(CpuKinds, OnePartAtTwoSpeedsIsTwoKinds) {
  Texts files;
  set_each(files, kMidr, {0, 1}, "0x410fd0b1\n");
  set_each(files, kCapacity, {0}, "1024\n");
  set_each(files, kCapacity, {1}, "600\n");
  EXPECT_EQ(read_cpu_kinds(MemoryFiles(files), {0, 1}).size(), 2u);
}

TEST(CpuKinds, AlikeUnknownOrNone) {
  const MemoryFiles nothing;
  EXPECT_EQ(read_cpu_kinds(nothing, {0, 1}), (std::vector<CpuKind>{{"", {0, 1}}}));
  EXPECT_TRUE(read_cpu_kinds(nothing, {}).empty());
  Texts files;
  set_each(files, kCapacity, {0}, "1024\n");  // of one CPU only: no comparison
  set_each(files, kCapacity, {1}, "garbage\n");
  const auto kinds = read_cpu_kinds(MemoryFiles(files), {0, 1});
  EXPECT_EQ(kinds.size(), 1u);
  EXPECT_EQ(kinds_text(kinds, {0}), "");
}

}  // namespace
}  // namespace isolab
