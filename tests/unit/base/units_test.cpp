// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace isolab {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

template <class T, class Parse>
void expect_value(Parse parse, std::string_view text, T wanted) {
  const auto value = parse(text);
  ASSERT_TRUE(value) << text << ": " << value.error().what;
  EXPECT_TRUE(*value == wanted) << text;
}

template <class Parse>
void expect_refused(Parse parse, std::string_view text) {
  const auto value = parse(text);
  ASSERT_FALSE(value) << text;
  EXPECT_EQ(value.error().kind, ErrorKind::parse);
  EXPECT_THAT(value.error().what, testing::HasSubstr(std::string(text)));
  EXPECT_FALSE(value.error().hint.empty());
}

TEST(Units, DurationsAreExact) {
  expect_value(parse_duration, "30s", Nanos{seconds{30}});
  expect_value(parse_duration, "1.5ms", Nanos{microseconds{1500}});
  expect_value(parse_duration, "0.1us", Nanos{100});
  expect_value(parse_duration, "100us", Nanos{microseconds{100}});
  expect_value(parse_duration, "10ns", Nanos{10});
  expect_value(parse_duration, "5min", Nanos{minutes{5}});
  expect_value(parse_duration, "2h", Nanos{hours{2}});
  expect_value(parse_duration, "0", Nanos{0});
  expect_value(parse_duration, "0s", Nanos{0});
  expect_value(parse_duration, "9223372036854775807ns", Nanos::max());
}

TEST(Units, WrongDurationsAreRefused) {
  for (const char* text : {"", "s", "30", "30 s", "-1s", "+1s", "1e3s", "1.s", ".5s", "1..5s",
                           "1.5.5s", "0.5ns", "1m", "1sec", "9223372036854775808ns",
                           "99999999999999999999h", "11111111111111111111111111ns", "inf", "nan"})
    expect_refused(parse_duration, text);
}

TEST(Units, DurationsPrintInTheLargestUnitThatIsWhole) {
  EXPECT_EQ(print(Nanos{microseconds{1500}}), "1500us");
  EXPECT_EQ(print(Nanos{milliseconds{500}}), "500ms");
  EXPECT_EQ(print(Nanos{seconds{90}}), "90s");
  EXPECT_EQ(print(Nanos{minutes{90}}), "90min");
  EXPECT_EQ(print(Nanos{hours{2}}), "2h");
  EXPECT_EQ(print(Nanos{0}), "0ns");
  EXPECT_EQ(print(Nanos{-1500}), "-1500ns");
  EXPECT_EQ(print(Nanos::min()), "-9223372036854775808ns");
}

TEST(Units, SizesAreBinaryAndExact) {
  expect_value(parse_size, "64KiB", Bytes{65536});
  expect_value(parse_size, "1.5MiB", Bytes{3 << 19});
  expect_value(parse_size, "1GiB", Bytes{1 << 30});
  expect_value(parse_size, "512B", Bytes{512});
  expect_value(parse_size, "0", Bytes{0});
  expect_value(parse_size, "18446744073709551615B",
               Bytes{std::numeric_limits<std::uint64_t>::max()});
  for (const char* text :
       {"", "64", "64K", "64kB", "64KB", "-1B", "0.3B", "18446744073709551616B", "16777216TiB"})
    expect_refused(parse_size, text);
  EXPECT_EQ(print(Bytes{65536}), "64KiB");
  EXPECT_EQ(print(Bytes{65537}), "65537B");
  EXPECT_EQ(print(Bytes{0}), "0B");
}

TEST(Units, RatesAreMoreThanZeroOrMax) {
  expect_value(parse_rate, "1000/s", Rate{1000, false});
  expect_value(parse_rate, "6/min", Rate{0.1, false});
  expect_value(parse_rate, "max", Rate{0, true});
  expect_value(parse_rate, "0.5/s", Rate{0.5, false});
  for (const char* text : {"", "1000", "/s", "0/s", "-1/s", "1e3/s", "1/d", "1/ s", "Max", "inf/s"})
    expect_refused(parse_rate, text);
  EXPECT_EQ(print(Rate{1e6, false}), "1000000/s");
  EXPECT_EQ(print(Rate{5 / 60.0, false}), "5/min");
  EXPECT_EQ(print(Rate{0, true}), "max");
}

TEST(Units, SharesAreMoreThanZero) {
  expect_value(parse_share, "200%", Share{200, true});
  expect_value(parse_share, "8", Share{8, false});
  expect_value(parse_share, "12.5%", Share{12.5, true});
  for (const char* text : {"", "%", "0", "0%", "-8", "8 %", "8%%", "eight"})
    expect_refused(parse_share, text);
  EXPECT_EQ(print(Share{200, true}), "200%");
  EXPECT_EQ(print(Share{1.5, false}), "1.5");
}

TEST(Units, AShareOfTheMachineIsAtLeastOne) {
  EXPECT_EQ((Share{200, true}).of(3), 6);
  EXPECT_EQ((Share{50, true}).of(3), 2);
  EXPECT_EQ((Share{1, true}).of(2), 1);
  EXPECT_EQ((Share{8, false}).of(2), 8);
  EXPECT_EQ((Share{100, true}).of(0), 1);
  EXPECT_EQ((Share{1e30, false}).of(1), std::numeric_limits<int>::max());
}

TEST(Units, WhatIsPrintedReadsBackAsTheSameValue) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bits = random() >> (random() % 64);
    const Nanos span{static_cast<std::int64_t>(bits >> 1)};
    ASSERT_EQ(*parse_duration(print(span)), span) << print(span);
    ASSERT_EQ(*parse_size(print(Bytes{bits})), Bytes{bits}) << print(Bytes{bits});
    const double number =
        static_cast<double>(bits % 1'000'000'000 + 1) / static_cast<double>(random() % 5000 + 1);
    const Rate rate{number, false};
    const Share share{number, (bits & 1) != 0};
    if (print(rate).size() < 25) {
      ASSERT_EQ(*parse_rate(print(rate)), rate) << print(rate);
      ASSERT_EQ(*parse_share(print(share)), share) << print(share);
    }
  }
}

TEST(Units, TimesForPeopleHaveThreeDigits) {
  EXPECT_EQ(human_time(0), "0 ns");
  EXPECT_EQ(human_time(5), "5.00 ns");
  EXPECT_EQ(human_time(17.04), "17.0 ns");
  EXPECT_EQ(human_time(11'432), "11.4 us");
  EXPECT_EQ(human_time(999.9), "1.00 us");
  EXPECT_EQ(human_time(99'950), "100 us");
  EXPECT_EQ(human_time(51.05e6), "51.0 ms");
  EXPECT_EQ(human_time(2e9), "2.00 s");
  EXPECT_EQ(human_time(1000e9), "16.7 min");
  EXPECT_EQ(human_time(86400e9 * 2), "48.0 h");
  EXPECT_EQ(human_time(-1500), "-1.50 us");
}

TEST(Units, SpansForPeople) {
  EXPECT_EQ(human_span(seconds{12}), "12 s");
  EXPECT_EQ(human_span(seconds{90}), "1 min 30 s");
  EXPECT_EQ(human_span(minutes{65}), "1 h 05 min");
  EXPECT_EQ(human_span(milliseconds{59'700}), "1 min 00 s");
  EXPECT_EQ(human_span(milliseconds{20}), "20.0 ms");
  EXPECT_EQ(human_span(Nanos{0}), "0 ns");
  EXPECT_EQ(human_span(-seconds{12}), "-12 s");
  EXPECT_EQ(human_span(milliseconds{2'500}), "2 s") << "halves go to the even second";
  EXPECT_EQ(human_span(milliseconds{3'500}), "4 s");
  EXPECT_EQ(human_span(Nanos::max()), "2562047 h 47 min");
  EXPECT_EQ(human_span(Nanos::min()), "-2562047 h 47 min");
}

TEST(Units, NumbersForPeople) {
  EXPECT_EQ(human_number(0), "0");
  EXPECT_EQ(human_number(7), "7");
  EXPECT_EQ(human_number(999), "999");
  EXPECT_EQ(human_number(26'100), "26.1 k");
  EXPECT_EQ(human_number(999'999), "1.00 M");
  EXPECT_EQ(human_number(3.14159), "3.14");
  EXPECT_EQ(human_number(0.00123), "0.00123");
  EXPECT_EQ(human_number(48e9), "48.0 G");
}

}  // namespace
}  // namespace isolab
