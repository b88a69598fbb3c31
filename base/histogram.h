// SPDX-License-Identifier: Apache-2.0
// Log-linear histogram over the whole 64-bit range: 64 equal buckets in each power of two, so a
// bucket is at most 1/64 = 1.6 % of its value wide and there is no overflow class.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

namespace isolab {

class Histogram {
 public:
  static constexpr int kSubBits = 6;
  static constexpr std::size_t kSub = std::size_t{1} << kSubBits;
  static constexpr std::size_t kBuckets = (64 - kSubBits + 1) * kSub;

  /// The bucket of a value: exact below 128, then 64 buckets a power of two. No division, no branch
  /// but one; safe in the probe's loop.
  static constexpr std::size_t bucket_of(std::uint64_t value) {
    if (value < kSub) return static_cast<std::size_t>(value);
    const int shift = 63 - std::countl_zero(value) - kSubBits;
    return (static_cast<std::size_t>(shift) << kSubBits) + static_cast<std::size_t>(value >> shift);
  }
  static constexpr std::uint64_t lowest(std::size_t bucket) {
    if (bucket < 2 * kSub) return bucket;
    const auto shift = (bucket >> kSubBits) - 1;
    return (static_cast<std::uint64_t>(bucket) - (static_cast<std::uint64_t>(shift) << kSubBits))
           << shift;
  }
  /// The largest value that falls into the bucket.
  static constexpr std::uint64_t highest(std::size_t bucket) {
    return bucket + 1 < kBuckets ? lowest(bucket + 1) - 1 : ~std::uint64_t{0};
  }

  void add(std::uint64_t value, std::uint64_t times = 1) { counts_[bucket_of(value)] += times; }
  void merge(const Histogram& other);
  std::uint64_t count_at(std::size_t bucket) const { return counts_[bucket]; }
  std::uint64_t total() const;
  bool empty() const { return total() == 0; }

  /// The value below or at which `share` (0..1) of the samples lie, as the highest value of its
  /// bucket (never below the true value, at most 1.6 % above). 0 for an empty histogram.
  std::uint64_t quantile(double share) const;
  /// Samples in buckets wholly above `value`.
  std::uint64_t count_above(std::uint64_t value) const;

 private:
  std::array<std::uint64_t, kBuckets> counts_{};
};

}  // namespace isolab
