// SPDX-License-Identifier: Apache-2.0
#include "analysis/two_samples.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isolab {
namespace {

constexpr double kTail = 0.025;
constexpr std::size_t kExactUpTo = 100;  // values in both groups; C(100, 50) is 1e29

/// Midranks of a then b, doubled so that they are integers, all together.
struct Ranks {
  std::vector<std::size_t> doubled;  // sorted
  std::size_t sum_of_a = 0;          // doubled
  double tie_term = 0;               // sum of t^3 - t over runs of equal values
};

Ranks rank(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<std::pair<double, bool>> all;
  for (const double value : a) all.emplace_back(value, true);
  for (const double value : b) all.emplace_back(value, false);
  std::sort(all.begin(), all.end());
  Ranks out;
  for (std::size_t i = 0; i < all.size();) {
    std::size_t end = i;
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

/// How many of the C(N, n) deals give a group of `n` each doubled rank sum.
std::vector<double> deals_by_sum(const std::vector<std::size_t>& doubled, std::size_t n) {
  const std::size_t most = std::accumulate(doubled.begin(), doubled.end(), std::size_t{0});
  std::vector<std::vector<double>> ways(n + 1, std::vector<double>(most + 1, 0));
  ways[0][0] = 1;
  for (const std::size_t value : doubled)
    for (std::size_t taken = n; taken-- > 0;)
      for (std::size_t sum = most - value + 1; sum-- > 0;)
        if (ways[taken][sum] > 0) ways[taken + 1][sum + value] += ways[taken][sum];
  return std::move(ways[n]);
}

double two_tails(const std::vector<double>& deals, std::size_t sum) {
  const auto at = deals.begin() + static_cast<std::ptrdiff_t>(sum);
  const double all = std::accumulate(deals.begin(), deals.end(), 0.0);
  const double low = std::accumulate(deals.begin(), at + 1, 0.0);
  const double high = std::accumulate(at, deals.end(), 0.0);
  return std::min(1.0, 2 * std::min(low, high) / all);
}

double by_normal(const Ranks& ranks, double n, double m) {
  const double total = n + m;
  const double u = static_cast<double>(ranks.sum_of_a) / 2 - n * (n + 1) / 2;
  const double variance = n * m / 12 * (total + 1 - ranks.tie_term / (total * (total - 1)));
  if (variance <= 0) return 1;
  const double z = std::max(0.0, std::abs(u - n * m / 2) - 0.5) / std::sqrt(variance);
  return std::min(1.0, std::erfc(z / std::sqrt(2.0)));
}

std::vector<double> sorted_differences(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out;
  out.reserve(a.size() * b.size());
  for (const double from : a)
    for (const double to : b) out.push_back(to - from);
  std::sort(out.begin(), out.end());
  return out;
}

/// The largest k such that P(U < k) <= 2.5 % where no values are equal.
std::size_t differences_cut_off(std::size_t n, std::size_t m) {
  if (n + m > kExactUpTo) {
    const auto x = static_cast<double>(n), y = static_cast<double>(m);
    const double k = x * y / 2 - 1.959963984540054 * std::sqrt(x * y * (x + y + 1) / 12);
    return k < 0 ? 0 : static_cast<std::size_t>(k);
  }
  std::vector<std::size_t> doubled(n + m);
  for (std::size_t i = 0; i < doubled.size(); ++i) doubled[i] = 2 * (i + 1);
  const auto deals = deals_by_sum(doubled, n);
  const double all = std::accumulate(deals.begin(), deals.end(), 0.0);
  double below = 0;
  std::size_t k = 0;
  for (std::size_t sum = n * (n + 1); sum < deals.size(); sum += 2, ++k) {
    below += deals[sum];
    if (below > kTail * all) break;
  }
  return k;
}

}  // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::optional<Interval> median_interval(std::vector<double> values) {
  if (values.size() < kSessionsForVerdict) return std::nullopt;
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  // k values may lie outside on each side while P(Binomial(n, 1/2) < k) <= 2.5 %.
  double below = 0;
  double log_ways = 0;  // of C(n, k)
  std::size_t k = 0;
  for (;; ++k) {
    below += std::exp(log_ways - n * std::log(2.0));
    if (below > kTail) break;
    const auto taken = static_cast<double>(k);
    log_ways += std::log((n - taken) / (taken + 1));
  }
  return Interval{values[k - 1], values[values.size() - k]};
}

double mann_whitney_p(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty() || b.empty()) return 1;
  const Ranks ranks = rank(a, b);
  if (ranks.doubled.size() > kExactUpTo)
    return by_normal(ranks, static_cast<double>(a.size()), static_cast<double>(b.size()));
  return two_tails(deals_by_sum(ranks.doubled, a.size()), ranks.sum_of_a);
}

double smallest_mann_whitney_p(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty() || b.empty()) return 1;
  Ranks ranks = rank(a, b);
  const auto n = static_cast<std::ptrdiff_t>(a.size());
  const auto smallest =
      std::accumulate(ranks.doubled.begin(), ranks.doubled.begin() + n, std::size_t{0});
  const auto largest =
      std::accumulate(ranks.doubled.rbegin(), ranks.doubled.rbegin() + n, std::size_t{0});
  if (ranks.doubled.size() > kExactUpTo) {
    ranks.sum_of_a = smallest;
    const auto x = static_cast<double>(a.size()), y = static_cast<double>(b.size());
    return by_normal(ranks, x, y);
  }
  const auto deals = deals_by_sum(ranks.doubled, a.size());
  return std::min(two_tails(deals, smallest), two_tails(deals, largest));
}

Shift hodges_lehmann_shift(const std::vector<double>& a, const std::vector<double>& b) {
  const auto differences = sorted_differences(a, b);
  Shift out;
  out.estimate = median(differences);
  const std::size_t k = differences_cut_off(a.size(), b.size());
  if (k > 0) out.interval = Interval{differences[k - 1], differences[differences.size() - k]};
  return out;
}

std::optional<Shift> hodges_lehmann_ratio(const std::vector<double>& a,
                                          const std::vector<double>& b) {
  const auto positive = [](double value) { return value > 0; };
  if (!std::all_of(a.begin(), a.end(), positive) || !std::all_of(b.begin(), b.end(), positive))
    return std::nullopt;
  const auto logs = [](std::vector<double> values) {
    for (double& value : values) value = std::log(value);
    return values;
  };
  Shift out = hodges_lehmann_shift(logs(a), logs(b));
  out.estimate = std::exp(out.estimate);
  if (out.interval)
    out.interval = Interval{std::exp(out.interval->lower), std::exp(out.interval->upper)};
  return out;
}

std::vector<double> benjamini_hochberg(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t i, std::size_t j) { return p[i] < p[j]; });
  std::vector<double> out(p.size());
  double least = 1;
  for (std::size_t rank = order.size(); rank-- > 0;) {
    const double scaled =
        p[order[rank]] * static_cast<double>(p.size()) / static_cast<double>(rank + 1);
    least = std::min(least, scaled);
    out[order[rank]] = least;
  }
  return out;
}

std::size_t sessions_for_lone_change(std::size_t tests) {
  double ways = 1;  // C(2n, n)
  for (std::size_t n = 1;; ++n) {
    const auto x = static_cast<double>(n);
    ways *= (2 * x - 1) * 2 / x;
    if (n >= kSessionsForVerdict && 2 / ways * static_cast<double>(tests) <= 0.05) return n;
  }
}

}  // namespace isolab
