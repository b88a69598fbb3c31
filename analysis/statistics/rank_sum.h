// SPDX-License-Identifier: Apache-2.0
// The Mann-Whitney test of two small groups of values, exact with ties. Needs nothing else of the
// analysis; two_samples.h inverts it.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

namespace isolab {

/// Values of both groups within this relative distance are one value: they differ by rounding only.
inline constexpr double kSameValue = 1e-11;

/// Up to this many values in both groups the distribution is exact; C(100, 50) is 1e29.
inline constexpr std::size_t kExactUpTo = 100;

/// Keeps the distributions it has worked out, so that one object serves many shifts of one pair of
/// groups. Values are finite; a group that holds another value, or none, has p = 1.
class RankSumTest {
 public:
  /// Exact two-sided p: the rank sum's distribution over all ways to deal the observed midranks to
  /// the groups; twice the smaller tail, at most 1. Above kExactUpTo values the normal
  /// approximation with the tie and continuity corrections.
  double p(const std::vector<double>& a, const std::vector<double>& b);
  /// The smallest p that any deal of these midranks has.
  double smallest_p(const std::vector<double>& a, const std::vector<double>& b);

 private:
  /// cumulative[s]: how many deals have a doubled rank sum of at most s.
  const std::vector<double>& cumulative(const std::vector<std::size_t>& doubled, std::size_t n);
  double two_tails(const std::vector<std::size_t>& doubled, std::size_t n, std::size_t sum);

  std::map<std::vector<std::size_t>, std::vector<double>> known_;  // of groups of known_n_
  std::size_t known_n_ = 0;
};

/// Makes finite values that are within kSameValue of each other equal, in both groups alike.
void make_equal(std::vector<double>& a, std::vector<double>& b);

}  // namespace isolab
