// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics/rank_sum.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isolab {
namespace {

/// Midranks of a then b, doubled so that they are integers, all together.
struct Ranks {
  std::vector<std::size_t> doubled;  // sorted
  std::size_t sum_of_a = 0;          // doubled
  double tie_term = 0;               // sum of t^3 - t over runs of equal values
};

Ranks rank(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<std::pair<double, bool>> all;
  all.reserve(a.size() + b.size());
  for (const double value : a) all.emplace_back(value, true);
  for (const double value : b) all.emplace_back(value, false);
  std::sort(all.begin(), all.end());
  Ranks out;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t end = i + 1;
    while (end < all.size() && all[end].first == all[i].first) ++end;
    const auto ties = static_cast<double>(end - i);
    out.tie_term += ties * ties * ties - ties;
    for (std::size_t j = i; j < end; ++j) {
      out.doubled.push_back(i + 1 + end);  // twice the mean of ranks i+1 .. end
      if (all[j].second) out.sum_of_a += i + 1 + end;
    }
    i = end;
  }
  return out;
}

double by_normal(const Ranks& ranks, double n, double m) {
  const double total = n + m;
  const double u = static_cast<double>(ranks.sum_of_a) / 2 - n * (n + 1) / 2;
  const double variance = n * m / 12 * (total + 1 - ranks.tie_term / (total * (total - 1)));
  if (variance <= 0) return 1;
  const double z = std::max(0.0, std::abs(u - n * m / 2) - 0.5) / std::sqrt(variance);
  return std::min(1.0, std::erfc(z / std::sqrt(2.0)));
}

bool comparable(const std::vector<double>& values) {
  return !values.empty() && std::all_of(values.begin(), values.end(),
                                        [](double value) { return std::isfinite(value); });
}

}  // namespace

void make_equal(std::vector<double>& a, std::vector<double>& b) {
  std::vector<double*> all;
  for (auto* group : {&a, &b})
    for (double& value : *group)
      if (std::isfinite(value)) all.push_back(&value);
  std::sort(all.begin(), all.end(), [](const double* x, const double* y) { return *x < *y; });
  for (std::size_t i = 1; i < all.size(); ++i) {
    const double before = *all[i - 1];
    if (*all[i] - before <= kSameValue * std::max(std::abs(*all[i]), std::abs(before)))
      *all[i] = before;
  }
}

const std::vector<double>& RankSumTest::cumulative(const std::vector<std::size_t>& doubled,
                                                   std::size_t n) {
  if (n != known_n_) known_.clear();
  known_n_ = n;
  const auto [at, added] = known_.try_emplace(doubled);
  if (!added) return at->second;
  const std::size_t most = std::accumulate(doubled.begin(), doubled.end(), std::size_t{0});
  std::vector<std::vector<double>> ways(n + 1, std::vector<double>(most + 1, 0));
  ways[0][0] = 1;
  std::size_t dealt = 0;
  std::size_t reached = 0;  // the largest sum of the values so far
  for (const std::size_t value : doubled) {
    for (std::size_t taken = std::min(n, dealt + 1); taken-- > 0;)
      for (std::size_t sum = reached + 1; sum-- > 0;)
        ways[taken + 1][sum + value] += ways[taken][sum];
    ++dealt;
    reached += value;
  }
  std::partial_sum(ways[n].begin(), ways[n].end(), ways[n].begin());
  return at->second = std::move(ways[n]);
}

double RankSumTest::two_tails(const std::vector<std::size_t>& doubled, std::size_t n,
                              std::size_t sum) {
  const auto& deals = cumulative(doubled, n);
  const double all = deals.back();
  const double low = deals[sum];
  const double high = all - (sum == 0 ? 0 : deals[sum - 1]);
  return std::min(1.0, 2 * std::min(low, high) / all);
}

double RankSumTest::p(const std::vector<double>& a, const std::vector<double>& b) {
  if (!comparable(a) || !comparable(b)) return 1;
  const Ranks ranks = rank(a, b);
  if (ranks.doubled.size() > kExactUpTo)
    return by_normal(ranks, static_cast<double>(a.size()), static_cast<double>(b.size()));
  return two_tails(ranks.doubled, a.size(), ranks.sum_of_a);
}

double RankSumTest::smallest_p(const std::vector<double>& a, const std::vector<double>& b) {
  if (!comparable(a) || !comparable(b)) return 1;
  Ranks ranks = rank(a, b);
  const auto n = static_cast<std::ptrdiff_t>(a.size());
  const auto smallest =
      std::accumulate(ranks.doubled.begin(), ranks.doubled.begin() + n, std::size_t{0});
  const auto largest =
      std::accumulate(ranks.doubled.rbegin(), ranks.doubled.rbegin() + n, std::size_t{0});
  if (ranks.doubled.size() > kExactUpTo) {
    ranks.sum_of_a = smallest;
    return by_normal(ranks, static_cast<double>(a.size()), static_cast<double>(b.size()));
  }
  return std::min(two_tails(ranks.doubled, a.size(), smallest),
                  two_tails(ranks.doubled, a.size(), largest));
}

}  // namespace isolab
