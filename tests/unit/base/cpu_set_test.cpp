// SPDX-License-Identifier: Apache-2.0
#include "base/cpu_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace isolab {
namespace {

CpuSet parsed(std::string_view text) {
  auto set = CpuSet::parse(text);
  EXPECT_TRUE(set) << text;
  return set ? *set : CpuSet{};
}

TEST(CpuSet, ReadsWhatTheKernelPrints) {
  EXPECT_EQ(parsed("0-3,8\n"), (CpuSet{0, 1, 2, 3, 8}));
  EXPECT_EQ(parsed(" 5 "), CpuSet{5});
  EXPECT_EQ(parsed(""), CpuSet{});
  EXPECT_EQ(parsed("\n"), CpuSet{});
  EXPECT_EQ(parsed("(null)\n"), CpuSet{});
  EXPECT_EQ(parsed("8191").last(), 8191);
}

TEST(CpuSet, OverlappingAndUnorderedRangesAreOneSet) {
  EXPECT_EQ(parsed("4,0-2,1-3,4").list(), "0-4");
}

TEST(CpuSet, RefusesWhatIsNoCpuList) {
  for (const char* text : {"a", "1-", "-1", "3-1", "0-15:2/4", "1,,2", ",", "1,", "8192",
                           "0-9999999999", "1 2", "+1"}) {
    const auto set = CpuSet::parse(text);
    ASSERT_FALSE(set) << text;
    EXPECT_EQ(set.error().kind, ErrorKind::parse);
    EXPECT_THAT(set.error().what, testing::HasSubstr(text));
  }
}

TEST(CpuSet, PrintsRangesAndReadsThemBack) {
  for (const CpuSet& set :
       {CpuSet{}, CpuSet{0}, CpuSet{0, 1}, CpuSet{0, 2, 3, 4, 64}, CpuSet{31, 32, 33}})
    EXPECT_EQ(parsed(set.list()), set) << set.list();
  EXPECT_EQ((CpuSet{0, 1, 2, 3, 8}).list(), "0-3,8");
}

TEST(CpuSet, MaskHasWordsOf32Bits) {
  EXPECT_EQ(CpuSet{}.mask(), "0");
  EXPECT_EQ((CpuSet{0, 1, 2, 3, 8}).mask(), "10f");
  EXPECT_EQ((CpuSet{0, 32}).mask(), "1,00000001");
  EXPECT_EQ((CpuSet{95}).mask(), "80000000,00000000,00000000");
}

TEST(CpuSet, MasksReadBack) {
  for (const CpuSet& set :
       {CpuSet{}, CpuSet{0}, CpuSet{0, 1, 2, 3, 8}, CpuSet{31, 32, 33}, CpuSet{95}}) {
    const auto read = CpuSet::parse_mask(set.mask() + "\n");
    ASSERT_TRUE(read) << set.mask();
    EXPECT_EQ(*read, set);
  }
  EXPECT_EQ(*CpuSet::parse_mask("0x10F"), (CpuSet{0, 1, 2, 3, 8}));
  EXPECT_EQ(*CpuSet::parse_mask("00000000,00000003"), (CpuSet{0, 1}));
  for (const char* text : {"", ",", "g", "0-3", "1 2"})
    EXPECT_FALSE(CpuSet::parse_mask(text)) << text;
  EXPECT_FALSE(CpuSet::parse_mask(std::string(3000, '0')));
}

TEST(CpuSet, ALongListIsReadOnceAndAnEndlessOneRefused) {
  std::string list = "0-8191";
  while (list.size() < 65'000) list += ",0-8191";
  EXPECT_EQ(CpuSet::parse(list)->count(), 8192);
  while (list.size() <= 65'536) list += ",0-8191";
  ASSERT_FALSE(CpuSet::parse(list));
  EXPECT_LT(CpuSet::parse(list).error().text().size(), 200U) << "the list is not quoted";
}

TEST(CpuSet, Algebra) {
  const CpuSet a{0, 1, 2}, b{2, 3};
  EXPECT_EQ(a | b, (CpuSet{0, 1, 2, 3}));
  EXPECT_EQ(a & b, CpuSet{2});
  EXPECT_EQ(a - b, (CpuSet{0, 1}));
  EXPECT_EQ(b - b, CpuSet{});
}

TEST(CpuSet, AddRemoveContains) {
  CpuSet set;
  set.add(7);
  set.add(3);
  set.add(7);
  EXPECT_EQ(set.count(), 2);
  EXPECT_EQ(set.first(), 3);
  EXPECT_EQ(set.last(), 7);
  set.remove(3);
  set.remove(100);
  EXPECT_FALSE(set.contains(3));
  EXPECT_TRUE(set.contains(7));
}

}  // namespace
}  // namespace isolab
