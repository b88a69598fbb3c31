// SPDX-License-Identifier: Apache-2.0
#include "base/records.h"

#include <gtest/gtest.h>

#include <random>

namespace isolab {
namespace {

TickLine line_of(std::uint64_t ticks, std::uint64_t ns) {
  TickLine line;
  line.ticks1 = ticks;
  line.ns1 = ns;
  return line;
}

TEST(TickLine, IdentityWithoutALine) {
  const TickLine line;
  EXPECT_EQ(line.nanoseconds(12345), 12345u);
  EXPECT_EQ(line.ticks(12345), 12345u);
  EXPECT_DOUBLE_EQ(line.ticks_per_second(), 1e9);
}

TEST(TickLine, ConvertsWith128Bits) {
  // 2.3 GHz over an hour; a year of ticks overflows 64 bits when multiplied.
  const TickLine line = line_of(2'300'000'000ULL * 3600, 1'000'000'000ULL * 3600);
  const std::uint64_t year = 2'300'000'000ULL * 86400 * 365;
  EXPECT_EQ(line.nanoseconds(year), 1'000'000'000ULL * 86400 * 365);
  EXPECT_EQ(line.ticks(1'000'000'000ULL * 86400 * 365), year);
  EXPECT_DOUBLE_EQ(line.ticks_per_second(), 2.3e9);
}

TEST(TickLine, NanosecondsRoundDownAndTicksRoundUp) {
  const TickLine line = line_of(3, 10);
  EXPECT_EQ(line.nanoseconds(1), 3u);
  EXPECT_EQ(line.nanoseconds(2), 6u);
  EXPECT_EQ(line.ticks(1), 1u);
  EXPECT_EQ(line.ticks(10), 3u);
  EXPECT_EQ(line.ticks(11), 4u);
  EXPECT_EQ(line.ticks(0), 0u);
}

TEST(TickLine, AThresholdInTicksIsNeverShorterThanTheTime) {
  std::mt19937_64 random(3);
  const TickLine line = line_of(2'299'998'877, 1'000'000'013);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t ns = random() >> 20;
    const std::uint64_t ticks = line.ticks(ns);
    ASSERT_GE(line.nanoseconds(ticks), ns);
    if (ticks > 0) {
      ASSERT_LT(line.nanoseconds(ticks - 1), ns);
    }
  }
}

TEST(TickLine, ASlowCounterOfArm64) {
  const TickLine line = line_of(25'000'000, 1'000'000'000);  // cntfrq 25 MHz: 40 ns a tick
  EXPECT_EQ(line.nanoseconds(1), 40u);
  EXPECT_EQ(line.ticks(41), 2u);
}

TEST(CounterRow, GainedNeverUnderflows) {
  CounterRow row;
  row.before = {{0, 10}, {1, 5}};
  row.after = {{0, 12}, {1, 0}};
  EXPECT_EQ(row.gained(0), 2u);
  EXPECT_EQ(row.gained(1), 0u);  // the row went away
  EXPECT_EQ(row.gained(7), 0u);
  row.before = {{0, 4294967290U}, {1, 1000}};
  row.after = {{0, 4}, {1, 3}};
  EXPECT_EQ(row.gained(0), 10u);  // wrapped at 2^32
  EXPECT_EQ(row.gained(1), 3u);   // began again
}

}  // namespace
}  // namespace isolab
