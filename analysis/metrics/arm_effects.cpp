// SPDX-License-Identifier: Apache-2.0
#include "analysis/metrics/arm_effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/metrics/effect_rows.h"
#include "analysis/statistics/distributions.h"
#include "analysis/statistics/rate_ratio.h"

namespace isolab {
namespace {

constexpr double kLevel = 0.05;
constexpr double kLeastRatio = 1.25;
constexpr double kLeastLost = 1;       // us/s
constexpr double kLeastCpuTime = 0.1;  // 10 ms a second: 0.1 %

/// Two-sided p of equal rates; counts need not be whole.
double exact_p(double a, double a_seconds, double b, double b_seconds) {
  if (a + b <= 0) return 1;
  const double share = b_seconds / (a_seconds + b_seconds);
  const double as_many = b <= 0 ? 1 : incomplete_beta(b, a + 1, share);
  const double as_few = a <= 0 ? 1 : incomplete_beta(a, b + 1, 1 - share);
  return std::min(1.0, 2 * std::min(as_many, as_few));
}

struct Sum {
  double amount = 0, squares = 0, seconds = 0;
  double rate() const { return amount / seconds; }
};

Sum sum_of(const std::vector<EffectPart>& parts) {
  Sum out;
  for (const auto& part : parts)
    out.amount += part.amount, out.squares += part.squares, out.seconds += part.seconds;
  return out;
}

/// Pearson's statistic of the windows around their own arm's rate.
double scatter(const std::vector<EffectPart>& parts, const Sum& sum) {
  double out = 0;
  for (const auto& part : parts) {
    const double expected = sum.rate() * part.seconds;
    if (expected > 0) out += (part.amount - expected) * (part.amount - expected) / expected;
  }
  return out;
}

std::vector<CountedSession> sessions(const std::vector<EffectPart>& parts) {
  std::vector<CountedSession> out;
  for (const auto& part : parts)
    out.push_back({static_cast<std::uint64_t>(std::llround(part.amount)), part.seconds});
  return out;
}

class RowTest {
 public:
  RowTest(EffectRowKey key, const EffectRows& idle, const EffectRows& arm)
      : key_(std::move(key)), idle_(idle.parts(key_)), arm_(arm.parts(key_)) {
    if (idle_.empty() || arm_.empty()) return;
    of_idle_ = sum_of(idle_), of_arm_ = sum_of(arm_);
    looked_at_ = of_idle_.seconds > 0 && of_arm_.seconds > 0;
    const double amount = of_idle_.amount + of_arm_.amount;
    if (!looked_at_ || amount <= 0) return;
    testable_ = true;
    if (key_.table == EffectTable::time_lost) unit_ = (of_idle_.squares + of_arm_.squares) / amount;
    dispersion_ = unit_;
    if (const auto windows = idle_.size() + arm_.size(); windows > 2)
      dispersion_ = std::max(unit_, (scatter(idle_, of_idle_) + scatter(arm_, of_arm_)) /
                                        static_cast<double>(windows - 2));
  }

  bool looked_at() const { return looked_at_; }
  bool testable() const { return testable_; }  // something was seen
  double p() const { return p_at(dispersion_, of_arm_.amount); }
  double plain_p() const { return p_at(unit_, of_arm_.amount); }

  /// `p`, `plain`: after Holm. `tests`: in the family.
  RowEffect judged(double p, double plain, std::size_t tests) const {
    RowEffect out{key_.table, key_.row, key_.cpu};
    out.idle = shown(of_idle_.rate()), out.arm = shown(of_arm_.rate());
    out.p = p;
    if (testable_) out.clearness = likelihood_ratio() / dispersion_;
    out.could_show = shown(smallest_rise(kLevel / static_cast<double>(tests)));
    if (!testable_ || !large()) return out;
    out.changed = p < kLevel && windows_agree();
    out.unsteady = !out.changed && plain < kLevel;
    return out;
  }

 private:
  double p_at(double unit, double arm) const {
    return exact_p(of_idle_.amount / unit, of_idle_.seconds, arm / unit, of_arm_.seconds);
  }
  /// Rates of cpu_time are kept as shares.
  double shown(double rate) const {
    return key_.table == EffectTable::cpu_time ? rate / 100 : rate;
  }

  double least_difference() const {
    return key_.table == EffectTable::time_lost  ? kLeastLost
           : key_.table == EffectTable::cpu_time ? kLeastCpuTime
                                                 : 0;
  }
  bool large() const {
    const double idle = of_idle_.rate(), arm = of_arm_.rate();
    return std::max(idle, arm) >= kLeastRatio * std::min(idle, arm) &&
           std::abs(arm - idle) > least_difference();
  }
  bool windows_agree() const {
    const auto ratio = rate_ratio(sessions(idle_), sessions(arm_)).interval;
    return ratio.lower > 1 || ratio.upper < 1;
  }
  double likelihood_ratio() const {
    const double rate = (of_idle_.amount + of_arm_.amount) / (of_idle_.seconds + of_arm_.seconds);
    const auto term = [&](const Sum& sum) {
      return sum.amount > 0 ? sum.amount * std::log(sum.rate() / rate) : 0;
    };
    return 2 * (term(of_idle_) + term(of_arm_));
  }
  double smallest_rise(double level) const {
    const double same = of_idle_.rate() * of_arm_.seconds;
    double low = std::max(same * kLeastRatio, same + least_difference() * of_arm_.seconds);
    double high = std::max(low, dispersion_);
    while (p_at(dispersion_, high) >= level && high < 1e18) high *= 2;
    for (int i = 0; i < 30 && p_at(dispersion_, low) >= level; ++i) {
      const double middle = (low + high) / 2;
      (p_at(dispersion_, middle) >= level ? low : high) = middle;
    }
    return (p_at(dispersion_, low) < level ? low : high) / of_arm_.seconds - of_idle_.rate();
  }

  EffectRowKey key_;
  std::vector<EffectPart> idle_, arm_;
  Sum of_idle_, of_arm_;
  bool looked_at_ = false, testable_ = false;
  double unit_ = 1, dispersion_ = 1;
};

/// Holm 1979: each p as the smallest level at which the whole family rejects it.
std::vector<double> holm(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> out(p.size());
  double most = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    most = std::max(most, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    out[order[i]] = most;
  }
  return out;
}

/// Rows in which neither arm saw anything are not tests, but could have shown something.
void judge_family(const std::vector<RowTest>& family, std::vector<RowEffect>& out) {
  std::vector<const RowTest*> tests;
  std::vector<double> p, plain;
  for (const auto& effect : family)
    if (effect.testable())
      tests.push_back(&effect), p.push_back(effect.p()), plain.push_back(effect.plain_p());
  p = holm(p), plain = holm(plain);
  for (std::size_t i = 0; i < tests.size(); ++i)
    out.push_back(tests[i]->judged(p[i], plain[i], tests.size()));
  for (const auto& effect : family)
    if (!effect.testable()) out.push_back(effect.judged(1, 1, tests.size() + 1));
}

void add_not_judged(const EffectRows& idle, const EffectRows& arm, ArmEffect& out) {
  const auto missing = [&](EffectTable table) { return idle.has(table) && !arm.has(table); };
  if (missing(EffectTable::gaps)) out.not_judged.push_back("gaps: no data of the probe");
  if (missing(EffectTable::interrupts) || missing(EffectTable::softirqs))
    out.not_judged.push_back("interrupts: not counted");
  if (missing(EffectTable::cpu_time)) out.not_judged.push_back("CPU time: not recorded");
  if (arm.log_full || idle.log_full)
    out.not_judged.push_back("gaps without kernel event: the gap log was full");
  if (!arm.trace_problem.empty())
    out.not_judged.push_back("trace lost (" + arm.trace_problem + ")");
  else if (!idle.trace_problem.empty())
    out.not_judged.push_back("trace of the idle arm lost (" + idle.trace_problem + ")");
}

ArmEffect effect_of(const std::string& name, const EffectRows& idle, const EffectRows& arm) {
  ArmEffect out;
  out.arm = name;
  std::set<EffectRowKey> keys;
  for (const auto* rows : {&idle.rows, &arm.rows})
    for (const auto& [key, parts] : *rows) keys.insert(key);
  std::vector<RowTest> together, single;
  for (const auto& key : keys) {
    RowTest test(key, idle, arm);
    if (test.looked_at()) (key.cpu < 0 ? together : single).push_back(std::move(test));
  }
  judge_family(together, out.rows);
  judge_family(single, out.rows);
  std::stable_sort(out.rows.begin(), out.rows.end(), [](const auto& a, const auto& b) {
    return a.changed != b.changed ? a.changed : a.clearness > b.clearness;
  });
  add_not_judged(idle, arm, out);
  return out;
}

}  // namespace

const char* to_string(EffectTable table) {
  switch (table) {
    case EffectTable::gaps: return "gaps";
    case EffectTable::time_lost: return "time_lost";
    case EffectTable::interrupts: return "interrupts";
    case EffectTable::softirqs: return "softirqs";
    case EffectTable::tasks: return "tasks";
    case EffectTable::causes: return "causes";
    case EffectTable::cpu_time: return "cpu_time";
  }
  return "?";
}

std::vector<ArmEffect> arm_effects(const std::vector<ArmWindows>& arms, int idle,
                                   const CpuSet& measured, const Interruptions& interruptions) {
  std::vector<ArmEffect> out;
  if (idle < 0) return out;
  const auto background =
      effect_rows(arms[static_cast<std::size_t>(idle)], measured, interruptions);
  for (const auto& arm : arms)
    if (arm.arm != idle && !arm.windows.empty())
      out.push_back(effect_of(arm.name, background, effect_rows(arm, measured, interruptions)));
  return out;
}

}  // namespace isolab
