// SPDX-License-Identifier: Apache-2.0
#include "base/histogram.h"

#include <cmath>
#include <numeric>

namespace isolab {

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
}

std::uint64_t Histogram::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::uint64_t Histogram::quantile(double share) const {
  const std::uint64_t all = total();
  if (all == 0) return 0;
  auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(all)));
  if (rank == 0) rank = 1;
  if (rank > all) rank = all;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank) return highest(i);
  }
  return highest(kBuckets - 1);
}

std::uint64_t Histogram::count_above(std::uint64_t value) const {
  std::uint64_t above = 0;
  for (std::size_t i = bucket_of(value) + 1; i < kBuckets; ++i) above += counts_[i];
  return above;
}

}  // namespace isolab
