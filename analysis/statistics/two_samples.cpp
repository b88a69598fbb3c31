// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics/two_samples.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/statistics/rank_sum.h"

namespace isolab {
namespace {

constexpr double kAlpha = 0.05;
constexpr double kRounding = 1e-14;  // of a difference, relative to the values it is of

/// The exact test at every shift of b. It changes only at the differences b - a, so for K different
/// ones there are 2 K + 1 places: even ones 2 k lie between the differences k - 1 and k (or beyond
/// all), odd ones 2 k + 1 on difference k, where pairs are tied.
class ShiftedTest {
 public:
  /// `offset` is added to the values' size for the rounding of a difference: 1 for logarithms.
  ShiftedTest(const std::vector<double>& a, const std::vector<double>& b, double offset)
      : a_(a), b_(b), step_of_(a.size() * b.size()) {
    std::vector<std::size_t> order(step_of_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [&](std::size_t x, std::size_t y) { return to(x) - from(x) < to(y) - from(y); });
    for (const std::size_t pair : order) {
      const double difference = to(pair) - from(pair);
      const double slack = kRounding * (offset + std::abs(from(pair)) + std::abs(to(pair)));
      if (steps_.empty() || difference - steps_.back() > slack) steps_.push_back(difference);
      step_of_[pair] = steps_.size() - 1;
      differences_.push_back(difference);
    }
    const std::size_t half = order.size() / 2;
    const std::size_t above = step_of_[order[half]];
    const std::size_t below = order.size() % 2 == 1 ? above : step_of_[order[half - 1]];
    middle_ = above + below + 1;  // on the one, or between the two
  }

  const std::vector<double>& sorted_differences() const { return differences_; }

  /// The hull of the shifts that the test does not reject.
  std::optional<Interval> interval() {
    const std::size_t last = 2 * steps_.size();
    if (accepted(0) || accepted(last)) return std::nullopt;  // too few values for 95 %
    const auto inside = accepted_near_middle();
    if (!inside) return std::nullopt;
    // No change is tried itself, on its side of the estimate: interval and p cannot contradict.
    const auto at_zero = std::lower_bound(steps_.begin(), steps_.end(), 0.0);
    const std::size_t zero = 2 * static_cast<std::size_t>(at_zero - steps_.begin()) +
                             (at_zero != steps_.end() && *at_zero == 0 ? 1 : 0);
    std::size_t low = 0, low_inside = *inside, high = last, high_inside = *inside;
    if (zero < *inside) (accepted(zero) ? low_inside : low) = zero;
    if (zero > *inside) (accepted(zero) ? high_inside : high) = zero;
    const std::size_t first = boundary(low, low_inside);
    const std::size_t end = boundary(high, high_inside);
    return Interval{steps_[(first - 1) / 2], steps_[end / 2], first % 2 == 0, end % 2 == 0};
  }

 private:
  double from(std::size_t pair) const { return a_[pair / b_.size()]; }
  double to(std::size_t pair) const { return b_[pair % b_.size()]; }

  bool accepted(std::size_t place) {
    const std::size_t k = place / 2;
    const bool on_step = place % 2 == 1;
    const double shift = on_step              ? steps_[k]
                         : k == 0             ? steps_.front() - 1 - std::abs(steps_.front())
                         : k == steps_.size() ? steps_.back() + 1 + std::abs(steps_.back())
                                              : steps_[k - 1] + (steps_[k] - steps_[k - 1]) / 2;
    std::vector<double> moved = b_;
    for (double& value : moved) value -= shift;
    if (on_step)
      for (std::size_t pair = 0; pair < step_of_.size(); ++pair)
        if (step_of_[pair] == k) moved[pair % b_.size()] = from(pair);
    return test_.p(a_, moved) > kAlpha;
  }

  /// At the middle of the differences the groups lie as evenly as their ties allow.
  std::optional<std::size_t> accepted_near_middle() {
    for (std::size_t away = 0; away <= 2 * steps_.size(); ++away) {
      if (away <= middle_ && accepted(middle_ - away)) return middle_ - away;
      if (middle_ + away <= 2 * steps_.size() && accepted(middle_ + away)) return middle_ + away;
    }
    return std::nullopt;
  }

  /// The last place not rejected on the way from one inside to one that is rejected.
  std::size_t boundary(std::size_t rejected, std::size_t inside) {
    while (std::max(rejected, inside) - std::min(rejected, inside) > 1) {
      const std::size_t between = rejected / 2 + inside / 2 + (rejected % 2 + inside % 2) / 2;
      (accepted(between) ? inside : rejected) = between;
    }
    return inside;
  }

  const std::vector<double>& a_;
  const std::vector<double>& b_;
  std::vector<std::size_t> step_of_;         // of each pair of values
  std::vector<double> differences_, steps_;  // all, and the different ones; both sorted
  std::size_t middle_ = 0;
  RankSumTest test_;
};

Shift shift_between(const std::vector<double>& a, const std::vector<double>& b, double offset) {
  ShiftedTest test(a, b, offset);
  return {median_of_sorted(test.sorted_differences()), test.interval()};
}

bool all_finite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return std::isfinite(value); });
}

}  // namespace

double mann_whitney_p(std::vector<double> a, std::vector<double> b) {
  make_equal(a, b);
  return RankSumTest().p(a, b);
}

double smallest_mann_whitney_p(std::vector<double> a, std::vector<double> b) {
  make_equal(a, b);
  return RankSumTest().smallest_p(a, b);
}

std::optional<Shift> hodges_lehmann_shift(std::vector<double> a, std::vector<double> b) {
  if (a.empty() || b.empty() || !all_finite(a) || !all_finite(b)) return std::nullopt;
  make_equal(a, b);
  return shift_between(a, b, 0);
}

std::optional<Shift> hodges_lehmann_ratio(std::vector<double> a, std::vector<double> b) {
  if (a.empty() || b.empty() || !all_finite(a) || !all_finite(b)) return std::nullopt;
  make_equal(a, b);
  for (auto* group : {&a, &b}) {
    for (double& value : *group) {
      if (value <= 0) return std::nullopt;
      value = std::log(value);
    }
  }
  Shift out = shift_between(a, b, 1);
  out.estimate = std::exp(out.estimate);
  if (out.interval) {
    out.interval->lower = std::exp(out.interval->lower);
    out.interval->upper = std::exp(out.interval->upper);
  }
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
