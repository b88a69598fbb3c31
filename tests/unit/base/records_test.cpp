// SPDX-License-Identifier: Apache-2.0
#include "base/records.h"

#include "base/counters.h"

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

// The rows of the architecture and of softirqs count as long as the kernel runs: a fall is a wrap,
// however large the step. A device's descriptor can be freed and made again.
TEST(CounterRow, AWrapIsToldFromARestartByWhatTheRowIs) {
  CounterRow row;
  row.kind = "timer";  // 1000 Hz for 50 days, and for a whole day in this window
  row.before = {{1, 4'294'967'290U}};
  row.after = {{1, 86'400'000}};
  EXPECT_EQ(counter_step(row, 1), CounterStep::wrapped);
  EXPECT_EQ(row.gained(1), 86'400'006u);
  row.before[1] = 1000;  // a step of nearly 2^32 is still the only one that fits
  row.after[1] = 999;
  EXPECT_EQ(row.gained(1), 4'294'967'295u);
  row.kind = "device";
  EXPECT_EQ(counter_step(row, 1), CounterStep::restarted);
  EXPECT_EQ(row.gained(1), 999u);
  row.before[1] = 1ull << 40;  // not a counter of 32 bits
  row.kind = "timer";
  EXPECT_EQ(counter_step(row, 1), CounterStep::restarted);
}

TEST(CounterRow, WhatOneReadingLacksIsUnknown) {
  CounterRow row;
  row.kind = "function_call";
  row.before = {{0, 7}};  // CPU 1 came online in the window, with what it had counted before
  row.after = {{0, 9}, {1, 5000}};
  EXPECT_EQ(counter_step(row, 0), CounterStep::grew);
  EXPECT_EQ(counter_step(row, 1), CounterStep::absent);
  EXPECT_EQ(row.gained(1), 0u);
  row.before = {{0, 4'294'967'295U}, {1, 4}};
  row.after = {{0, 0}, {1, 0}};  // the row went away: join_counters() left zeroes
  EXPECT_EQ(counter_step(row, 0), CounterStep::absent);
  EXPECT_EQ(row.gained(0), 0u);
  EXPECT_EQ(counter_gain(3, 10).value(), 7u);
  EXPECT_FALSE(counter_gain(10, 3));
}

}  // namespace
}  // namespace isolab
