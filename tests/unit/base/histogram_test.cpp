// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace isolab {
namespace {

constexpr std::uint64_t kMax = ~std::uint64_t{0};

TEST(Histogram, BucketsTileTheWholeRangeWithoutHoleOrOverlap) {
  EXPECT_EQ(Histogram::lowest(0), 0u);
  EXPECT_EQ(Histogram::highest(Histogram::kBuckets - 1), kMax);
  for (std::size_t bucket = 0; bucket < Histogram::kBuckets; ++bucket) {
    const std::uint64_t low = Histogram::lowest(bucket), high = Histogram::highest(bucket);
    ASSERT_LE(low, high) << bucket;
    ASSERT_EQ(Histogram::bucket_of(low), bucket);
    ASSERT_EQ(Histogram::bucket_of(high), bucket);
    if (bucket + 1 < Histogram::kBuckets) {
      ASSERT_EQ(Histogram::lowest(bucket + 1), high + 1);
      ASSERT_EQ(Histogram::bucket_of(high + 1), bucket + 1);
    }
  }
}

TEST(Histogram, ABucketIsAtMost3PercentWide) {
  double widest = 0;
  for (std::size_t bucket = 1; bucket < Histogram::kBuckets; ++bucket) {
    const auto low = static_cast<double>(Histogram::lowest(bucket));
    const auto width = static_cast<double>(Histogram::highest(bucket) - Histogram::lowest(bucket));
    widest = std::max(widest, width / low);
  }
  EXPECT_LE(widest, 1.0 / 64);
  EXPECT_GT(widest, 0.01);  // else the buckets would be finer than they claim
}

TEST(Histogram, ValuesBelow128AreExact) {
  for (std::uint64_t value = 0; value < 128; ++value) {
    EXPECT_EQ(Histogram::lowest(Histogram::bucket_of(value)), value);
    EXPECT_EQ(Histogram::highest(Histogram::bucket_of(value)), value);
  }
}

TEST(Histogram, EveryPowerOfTwoAndItsNeighbours) {
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t power = std::uint64_t{1} << bit;
    for (const std::uint64_t value : {power - 1, power, power + 1}) {
      const std::size_t bucket = Histogram::bucket_of(value);
      EXPECT_LE(Histogram::lowest(bucket), value);
      EXPECT_GE(Histogram::highest(bucket), value);
    }
  }
  EXPECT_EQ(Histogram::bucket_of(kMax), Histogram::kBuckets - 1);
}

TEST(Histogram, TotalCountsEverySampleOnceAndMergeAdds) {
  Histogram a, b;
  a.add(5);
  a.add(kMax, 3);
  b.add(5, 7);
  b.add(0);
  a.merge(b);
  EXPECT_EQ(a.total(), 12u);
  EXPECT_EQ(a.count_at(Histogram::bucket_of(5)), 8u);
  EXPECT_FALSE(a.empty());
  EXPECT_TRUE(Histogram{}.empty());
}

TEST(Histogram, QuantileIsNeverBelowTheTruthAndAtMost2PercentAbove) {
  std::mt19937_64 random(42);
  std::lognormal_distribution<double> shape(8, 3);
  std::vector<std::uint64_t> values(20'000);
  Histogram histogram;
  for (std::uint64_t& value : values) {
    value = static_cast<std::uint64_t>(shape(random));
    histogram.add(value);
  }
  std::sort(values.begin(), values.end());
  for (const double share : {0.0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const auto rank = static_cast<std::size_t>(
        std::max(1.0, std::ceil(share * static_cast<double>(values.size()))));
    const auto truth = static_cast<double>(values[rank - 1]);
    const auto found = static_cast<double>(histogram.quantile(share));
    EXPECT_GE(found, truth) << share;
    EXPECT_LE(found, truth * (1 + 1.0 / 64) + 1) << share;
  }
}

TEST(Histogram, QuantilesOfLittleData) {
  Histogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0u);
  histogram.add(10);
  EXPECT_EQ(histogram.quantile(0), 10u);
  EXPECT_EQ(histogram.quantile(1), 10u);
  histogram.add(100);
  EXPECT_EQ(histogram.quantile(0.5), 10u);
  EXPECT_EQ(histogram.quantile(0.51), 100u);
}

TEST(Histogram, CountAboveTakesOnlyBucketsWhollyAbove) {
  Histogram histogram;
  histogram.add(100, 2);
  histogram.add(101, 3);
  histogram.add(1'000'000, 5);
  EXPECT_EQ(histogram.count_above(100), 8u);
  EXPECT_EQ(histogram.count_above(101), 5u);
  EXPECT_EQ(histogram.count_above(1'000'000), 0u);
  EXPECT_EQ(histogram.count_above(0), 10u);
}

}  // namespace
}  // namespace isolab
