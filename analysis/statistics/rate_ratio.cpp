// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics/rate_ratio.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/statistics/distributions.h"
#include "analysis/statistics/random.h"

namespace isolab {
namespace {

constexpr int kResamples = 2000;
constexpr std::uint64_t kSeed = 1;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

struct Pooled {
  double count = 0;
  double exposure = 0;
  double rate() const { return count / exposure; }
};

Pooled pool(const std::vector<CountedSession>& sessions) {
  Pooled out;
  for (const auto& session : sessions) {
    out.count += static_cast<double>(session.count);
    out.exposure += session.exposure;
  }
  return out;
}

Pooled resample(const std::vector<CountedSession>& sessions, Random& random) {
  Pooled out;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    const auto& session = sessions[random.below(sessions.size())];
    out.count += static_cast<double>(session.count);
    out.exposure += session.exposure;
  }
  return out;
}

/// Percentiles of `values` at the tail that a normal bootstrap must use for the interval of
/// Student's t; `n` sessions in the smaller group.
Interval expanded_percentiles(std::vector<double> values, std::size_t n) {
  const auto few = static_cast<double>(n);
  const double tail =
      0.5 * std::erfc(std::sqrt(few / (few - 1)) * student_t_975(few - 1) / std::sqrt(2.0));
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  return {values[static_cast<std::size_t>(std::floor(tail * last))],
          values[static_cast<std::size_t>(std::ceil((1 - tail) * last))]};
}

Interval exact_ratio(const Pooled& a, const Pooled& b) {
  // The share of events that fall to b, as odds over the odds of the observation times.
  const auto ratio = [&](double share) {
    return share >= 1 ? kInfinite : share / (1 - share) * a.exposure / b.exposure;
  };
  Interval out{0, kInfinite};
  if (b.count > 0) out.lower = ratio(incomplete_beta_inverse(b.count, a.count + 1, kTail95));
  if (a.count > 0) out.upper = ratio(incomplete_beta_inverse(b.count + 1, a.count, 1 - kTail95));
  return out;
}

}  // namespace

RateRatio rate_ratio(const std::vector<CountedSession>& a, const std::vector<CountedSession>& b) {
  const Pooled of_a = pool(a);
  const Pooled of_b = pool(b);
  RateRatio out;
  out.estimate = of_b.rate() / of_a.rate();  // 0 / 0 is NaN, x / 0 infinite
  out.exact = exact_ratio(of_a, of_b);
  out.interval = out.exact;
  const std::size_t fewest = std::min(a.size(), b.size());
  if (fewest < 2) return out;
  Random random(kSeed);
  std::vector<double> ratios;
  for (int i = 0; i < kResamples; ++i) {
    const double ratio = resample(b, random).rate() / resample(a, random).rate();
    if (!std::isnan(ratio)) ratios.push_back(ratio);
  }
  if (ratios.empty()) return out;
  const Interval sessions = expanded_percentiles(std::move(ratios), fewest);
  out.interval.lower = std::min(out.exact.lower, sessions.lower);
  out.interval.upper = std::max(out.exact.upper, sessions.upper);
  return out;
}

Interval pooled_rate_interval(const std::vector<CountedSession>& sessions) {
  const Pooled all = pool(sessions);
  Interval out = poisson_interval(static_cast<std::uint64_t>(all.count));
  out.lower /= all.exposure;
  out.upper /= all.exposure;
  if (sessions.size() < 2) return out;
  Random random(kSeed);
  std::vector<double> rates;
  for (int i = 0; i < kResamples; ++i) rates.push_back(resample(sessions, random).rate());
  const Interval widened = expanded_percentiles(std::move(rates), sessions.size());
  return {std::min(out.lower, widened.lower), std::max(out.upper, widened.upper)};
}

}  // namespace isolab
