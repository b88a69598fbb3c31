// SPDX-License-Identifier: Apache-2.0
#include "analysis/statistics/periodicity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>

namespace isolab {

namespace {

constexpr std::size_t kFewest = 12;
constexpr std::size_t kMostTested = 3000;
constexpr std::size_t kMostPeriods = 6;
constexpr double kLeastShare = 0.3;
constexpr double kMostLogChance = -6;
// Timer rates of kernels, hypervisors and firmware: 1000, 500, 300, 250, 100, 64, 60, 50, 10, 2, 1
// Hz.
constexpr std::array<double, 11> kUsual{1e6,      2e6, 1e9 / 300, 4e6, 1e7, 1e9 / 64,
                                        1e9 / 60, 2e7, 1e8,       5e8, 1e9};

double fold(double time, double period) {
  const double phase = std::fmod(time, period);
  return phase < 0 ? phase + period : phase;
}

/// std::floor() of numbers below 2^63: without SSE 4.1 that is a call, and std::fmod() takes 30 ns.
double floored(double x) {
  const auto cut = static_cast<double>(static_cast<std::int64_t>(x));
  return cut > x ? cut - 1 : cut;
}

struct Folded {
  double counted = 0;
  double share = 0;
  double phase = 0;
};

/// The fullest pair of neighbouring bins; each bin counts a round once.
Folded fold_all(std::span<const double> times, double period) {
  struct Bin {
    std::uint32_t rounds = 0;
    double last = -1;
  };
  std::array<Bin, Period::kBins> bins{};
  const double scale = Period::kBins / period;
  double counted = 0;
  for (const double time : times) {
    const double rounds = time / period;
    const double round = floored(rounds);
    const auto place = static_cast<std::size_t>((rounds - round) * Period::kBins);
    auto& bin = bins[std::min<std::size_t>(place, Period::kBins - 1)];
    if (bin.last == round) continue;
    bin.last = round;
    ++bin.rounds, ++counted;
  }
  std::size_t best = 0;
  std::uint32_t most = 0;
  for (std::size_t i = 0; i < bins.size(); ++i) {
    const auto both = bins[i].rounds + bins[(i + 1) % bins.size()].rounds;
    if (both > most) most = both, best = i;
  }
  return {counted, static_cast<double>(most) / counted,
          fold(static_cast<double>(best + 1) / scale, period)};
}

/// A better period: the slope of the line through (number of the period, time) of those times that
/// lie close to a common phase. Spans double, so that the number never becomes ambiguous.
double refine(std::span<const double> times, double period) {
  const double origin = times.front();
  const double whole = times.back() - origin;
  for (double span = 16 * period;; span *= 2) {
    const auto last = std::upper_bound(times.begin(), times.end(), origin + span);
    const auto some = times.first(static_cast<std::size_t>(last - times.begin()));
    if (some.size() >= kFewest / 2) {
      const double phase = fold_all(some, period).phase;
      const double width = 2 * period / Period::kBins;
      double n = 0, sum_k = 0, sum_t = 0, sum_kk = 0, sum_kt = 0;
      for (const double time : some) {
        const double k = floored((time - phase) / period + 0.5);
        if (std::abs(time - phase - k * period) > width) continue;
        const double t = time - origin, base = k - std::round((origin - phase) / period);
        n += 1, sum_k += base, sum_t += t, sum_kk += base * base, sum_kt += base * t;
      }
      const double spread = n * sum_kk - sum_k * sum_k;
      if (n >= kFewest / 2 && spread > 0) {
        const double slope = (n * sum_kt - sum_k * sum_t) / spread;
        // A timer is off by parts in a thousand at most; more is a fit to noise.
        if (std::abs(slope / period - 1) < 2e-3) period = slope;
      }
    }
    if (span >= whole) return period;
  }
}

/// Distances between neighbours that are frequent: the medians of the fullest logarithmic bins.
std::vector<double> frequent_distances(std::span<const double> times) {
  std::vector<double> distances;
  for (std::size_t i = 1; i < times.size(); ++i)
    if (times[i] > times[i - 1]) distances.push_back(times[i] - times[i - 1]);
  std::sort(distances.begin(), distances.end());
  struct Cluster {
    std::size_t size;
    double middle;
  };
  std::vector<Cluster> clusters;
  for (std::size_t i = 0; i < distances.size();) {
    std::size_t j = i;
    while (j < distances.size() && distances[j] <= distances[i] * 1.02) ++j;
    clusters.push_back({j - i, distances[i + (j - i) / 2]});
    i = j;
  }
  std::stable_sort(clusters.begin(), clusters.end(),
                   [](const auto& a, const auto& b) { return a.size > b.size; });
  std::vector<double> out;
  for (std::size_t i = 0; i < clusters.size() && i < 8 && clusters[i].size >= 3; ++i)
    out.push_back(clusters[i].middle);
  return out;
}

/// Hoeffding: at least `share` of n where `expected` is the mean; base-10 logarithm.
double log10_chance(double n, double share, double expected) {
  if (share <= expected) return 0;
  double divergence = share * std::log(share / expected);
  if (share < 1) divergence += (1 - share) * std::log((1 - share) / (1 - expected));
  return -n * divergence / std::log(10.0);
}

/// Does it come all the time? A timer that ran for a moment is a burst.
bool lasts(std::span<const double> times, const Period& period) {
  constexpr std::size_t kSlices = 8;
  std::array<std::uint32_t, kSlices> slices{};
  const double whole = times.back() - times.front();
  std::uint32_t all = 0;
  for (const double time : times) {
    if (!period.in_phase(time)) continue;
    const auto slice = static_cast<std::size_t>((time - times.front()) / whole * kSlices);
    ++slices[std::min(slice, kSlices - 1)], ++all;
  }
  std::nth_element(slices.begin(), slices.begin() + kSlices / 2, slices.end());
  return slices[kSlices / 2] * kSlices * 4 >= all;
}

std::optional<Period> find_period(std::span<const double> times_ns) {
  std::optional<Period> best;
  // A part of a long record decides as well as all of it.
  const auto times = times_ns.first(std::min(times_ns.size(), kMostTested));
  if (times.size() < kFewest || times.back() <= times.front()) return best;
  std::vector<double> candidates = frequent_distances(times);
  candidates.insert(candidates.end(), kUsual.begin(), kUsual.end());
  const double whole = times.back() - times.front();
  const double tried =
      std::log10(static_cast<double>(candidates.size()) * static_cast<double>(Period::kBins));
  for (const double candidate : candidates) {
    // Fewer than five rounds, or finer than the gaps are placed, cannot be told from chance.
    if (candidate * 5 > whole || candidate < 1e4) continue;
    const double period = refine(times, candidate);
    const auto folded = fold_all(times, period);
    const double chance = log10_chance(folded.counted, folded.share, 2.0 / Period::kBins) + tried;
    if (folded.share < kLeastShare || chance > kMostLogChance) continue;
    // Fractions of a period fold as well as the period: of equals the longest is it. Multiples
    // share the gaps among several phases and lose by themselves.
    const Period found{period, folded.phase, folded.share, std::min(chance, 0.0), 0};
    const bool better = !best || folded.share > best->share * 1.02 ||
                        (folded.share > best->share * 0.98 && period > best->period_ns);
    if (better && lasts(times, found)) best = found;
  }
  return best;
}

}  // namespace

bool Period::in_phase(double time_ns) const {
  const double rounds = (time_ns - phase_ns) / period_ns;
  return std::abs(rounds - floored(rounds + 0.5)) <= 1.0 / kBins;
}

std::vector<Period> find_periods(std::span<const double> times_ns) {
  std::vector<Period> out;
  std::vector<double> rest(times_ns.begin(), times_ns.end());
  if (!std::is_sorted(rest.begin(), rest.end())) std::sort(rest.begin(), rest.end());
  while (out.size() < kMostPeriods) {
    auto period = find_period(rest);
    if (!period) break;
    period->gaps = std::erase_if(rest, [&](double time) { return period->in_phase(time); });
    out.push_back(*period);
  }
  return out;
}

}  // namespace isolab
