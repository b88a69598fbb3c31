// SPDX-License-Identifier: Apache-2.0
// A small generator whose numbers are the same on every machine and compiler: resampling must give
// the same interval each time a recording is analysed. SplitMix64 (Steele, Lea and Flood 2014).
#pragma once

#include <cstdint>

namespace isolab {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  /// 0 <= number < below; `below` > 0 and far smaller than 2^64, so the bias is too.
  std::uint64_t below(std::uint64_t below) { return next() % below; }
  /// 0 < number < 1.
  double unit() { return (static_cast<double>(next() >> 11) + 0.5) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace isolab
