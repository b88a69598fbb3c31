// SPDX-License-Identifier: Apache-2.0
#include "analysis/compare.h"

#include "analysis/model/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "analysis/compare/arm_family.h"
#include "analysis/compare/differences.h"
#include "analysis/compare/group_series.h"
#include "analysis/compare/notes.h"
#include "analysis/compare/session_numbers.h"
#include "analysis/model/windows.h"
#include "analysis/statistics/rate_ratio.h"
#include "analysis/statistics/two_samples.h"
#include "base/text.h"

namespace isolab {
namespace {

/// The numbers of every session of a group.
struct Group {
  const SessionGroup* group = nullptr;
  std::vector<SessionNumbers> sessions;
};

/// The sessions whose number counts in the group: those whose trace lost nothing, if there are any.
std::vector<const SessionNumber*> counting(const Group& group, const MetricKey& key) {
  std::vector<const SessionNumber*> all, whole;
  for (const auto& session : group.sessions) {
    const auto found = session.find(key);
    if (found == session.end()) continue;
    all.push_back(&found->second);
    if (!found->second.lossy) whole.push_back(&found->second);
  }
  return whole.empty() ? all : whole;
}

std::vector<CountedSession> counted(const Group& group, const MetricKey& key) {
  std::vector<CountedSession> out;
  for (const auto* number : counting(group, key))
    if (number->exposure_s > 0) out.push_back({number->n, number->exposure_s});
  return out;
}

GroupNumber group_number(const Group& group, const MetricKey& key, const MetricInfo& info) {
  GroupNumber out;
  for (const auto& session : group.sessions) {
    const auto found = session.find(key);
    out.missing += found == session.end();
    out.lost += found != session.end() && found->second.lossy;
  }
  for (const auto* number : counting(group, key)) {
    out.values.push_back(number->value);
    out.n += number->n;
    out.exposure_s += number->exposure_s;
    out.all_lost = number->lossy;
  }
  if (out.values.empty()) return out;
  if (info.statistic == Statistic::count && out.exposure_s > 0) {
    const double per = info.unit_rules->rate_s;
    out.centre = static_cast<double>(out.n) * per / out.exposure_s;
    const Interval rate = pooled_rate_interval(counted(group, key));
    out.interval = Interval{rate.lower * per, rate.upper * per};
  } else if (info.statistic == Statistic::maximum) {
    out.centre = *std::max_element(out.values.begin(), out.values.end());
  } else {
    out.centre = median(out.values);
    out.interval = median_interval(out.values);
  }
  return out;
}

/// Evidence without the verdict.
Change evidence(const Group& base, const Group& other, const ComparedMetric& metric,
                std::size_t which) {
  Change out;
  const auto& a = metric.groups.front();
  const auto& b = metric.groups[which];
  if (a.values.empty() || b.values.empty()) return out;
  if (a.all_lost || b.all_lost) {
    out.outcome = Outcome::lost;
    return out;
  }
  if (metric.statistic == Statistic::count) {
    const RateRatio ratio = rate_ratio(counted(base, metric.key), counted(other, metric.key));
    if (!std::isnan(ratio.estimate)) {
      out.ratio = ratio.estimate;
      out.ratio_interval = ratio.interval;
    }
  } else if (metric.statistic != Statistic::maximum) {
    if (const auto shift = hodges_lehmann_shift(a.values, b.values)) {
      out.shift = shift->estimate;
      out.shift_interval = shift->interval;
    }
    if (const auto ratio = hodges_lehmann_ratio(a.values, b.values)) {
      out.ratio = ratio->estimate;
      out.ratio_interval = ratio->interval;
    }
  }
  const std::size_t fewest = std::min(a.values.size(), b.values.size());
  if (metric.statistic != Statistic::count && metric.statistic != Statistic::value) return out;
  if (fewest < kSessionsForVerdict) {
    out.outcome = Outcome::too_few;
    out.sessions_lacking = kSessionsForVerdict - fewest;
    return out;
  }
  // A metric whose ties cannot reach 5 % is not a test and must not cost the others power.
  if (smallest_mann_whitney_p(a.values, b.values) > 0.05) return out;
  out.p = mann_whitney_p(a.values, b.values);
  return out;
}

/// The estimated change, relative to the base; infinite from zero.
double relative_change(const Change& change, double base) {
  if (change.ratio) return *change.ratio - 1;
  if (base == 0) return change.shift.value_or(0) == 0 ? 0 : std::copysign(INFINITY, *change.shift);
  return change.shift.value_or(0) / std::abs(base);
}

void judge(ComparedMetric& metric, Change& change, const ComparisonOptions& options) {
  if (!change.q) return;
  const double effect = relative_change(change, metric.groups.front().centre);
  change.outcome = Outcome::same;
  if (*change.q > options.alpha || !interval_excludes_no_change(change) ||
      std::abs(effect) < options.min_effect)
    return;
  if (metric.info->direction == Direction::none)
    change.outcome = Outcome::changed;
  else
    change.outcome = (effect > 0) == (metric.info->direction == Direction::higher_is_better)
                         ? Outcome::better
                         : Outcome::worse;
}

void correct_and_judge(std::vector<ComparedMetric>& metrics, const ComparisonOptions& options,
                       std::size_t& tests) {
  std::vector<double> p;
  for (const auto& metric : metrics)
    for (const auto& change : metric.changes)
      if (change.p) p.push_back(*change.p);
  tests = p.size();
  const auto q = benjamini_hochberg(p);
  auto next = q.begin();
  for (auto& metric : metrics) {
    for (auto& change : metric.changes) {
      if (change.p) change.q = *next++;
      judge(metric, change, options);
    }
  }
}

std::vector<Group> numbers_of(const std::vector<SessionGroup>& groups, std::set<MetricKey>& keys) {
  std::vector<Group> out;
  for (const auto& group : groups) {
    Group one{&group, {}};
    for (const auto* findings : group.sessions) {
      one.sessions.push_back(session_numbers(*findings, group.arm));
      for (const auto& [key, number] : one.sessions.back()) keys.insert(key);
    }
    out.push_back(std::move(one));
  }
  const std::vector<MetricKey> all(keys.begin(), keys.end());
  CallNames calls;
  for (const auto& group : groups)
    for (const auto* findings : group.sessions) add_call_names(*findings, calls);
  for (auto& group : out)
    fill_zeros(group.sessions, group.group->sessions, group.group->arm, all, calls);
  return out;
}

/// In the order of the list of metrics, then of labels; only what every group has.
std::vector<ComparedMetric> compared_metrics(const std::vector<SessionGroup>& groups,
                                             const ComparisonOptions& options,
                                             std::vector<Uncompared>& uncompared) {
  std::set<MetricKey> keys;
  const auto numbers = numbers_of(groups, keys);
  std::vector<ComparedMetric> out;
  for (const auto& info : all_metrics()) {
    if (!options.metrics.empty() && std::find(options.metrics.begin(), options.metrics.end(),
                                              info.name) == options.metrics.end())
      continue;
    for (auto at = keys.lower_bound({info.name, {}}); at != keys.end() && at->name == info.name;
         ++at) {
      ComparedMetric compared{*at, &info, info.statistic, {}, {}};
      for (const auto& group : numbers) compared.groups.push_back(group_number(group, *at, info));
      Uncompared only{*at, {}};
      for (std::size_t i = 0; i < groups.size(); ++i)
        if (!compared.groups[i].values.empty()) only.groups.push_back(groups[i].name);
      if (only.groups.size() < groups.size()) {
        uncompared.push_back(std::move(only));
        continue;
      }
      for (std::size_t i = 1; i < groups.size(); ++i)
        compared.changes.push_back(evidence(numbers.front(), numbers[i], compared, i));
      out.push_back(std::move(compared));
    }
  }
  return out;
}

GroupSummary summary_of(const SessionGroup& group) {
  GroupSummary out;
  out.name = group.name;
  out.arm = group.arm;
  out.places = group.places;
  out.sessions = group.sessions.size();
  const Findings& first = *group.sessions.front();
  out.facts = first.facts;
  out.measured_isolated = first.measured_isolated;
  out.measured = first.measured;
  out.housekeeping = first.housekeeping;
  for (const auto* session : group.sessions) {
    for (const auto& cpu : session->interruptions.cpus)
      if (group.arm.empty() || cpu.arm == group.arm) out.traced_s += cpu.exposure_s;
    for (const auto& arm : session->arms) {
      if (!group.arm.empty() && arm.name != group.arm) continue;
      out.windows += arm.windows;
      out.windows_left_out += arm.windows_left_out;
      out.exposure_s += arm.exposure_s;
    }
    std::set<std::string> ids;
    for (const auto& warning : session->warnings) ids.insert(warning.warning.id);
    for (const auto& id : ids) ++out.warnings[id];
  }
  return out;
}

Result<void> check(const std::vector<SessionGroup>& groups, const ComparisonOptions& options) {
  if (groups.size() < 2)
    return Error{ErrorKind::usage,
                 "cannot compare: a base and at least one other group are needed"};
  for (const auto& group : groups) {
    if (group.sessions.empty())
      return Error{ErrorKind::usage, "cannot compare: no sessions for " + group.name};
    for (std::size_t i = 0; i < group.sessions.size(); ++i) {
      const auto& arms = group.sessions[i]->arms;
      if (group.arm.empty() || std::any_of(arms.begin(), arms.end(),
                                           [&](const auto& arm) { return arm.name == group.arm; }))
        continue;
      std::string names;
      for (const auto& arm : arms) append_item(names, ", ", arm.name);
      return Error{ErrorKind::usage,
                   fmt::format("{} has no arm \"{}\"", group.places[i], group.arm),
                   "its arms: " + names};
    }
  }
  for (const auto& name : options.metrics)
    if (find_metric_info(name) == nullptr)
      return Error{ErrorKind::usage, "unknown metric \"" + name + "\"",
                   "isolab schema lists them under x-metrics"};
  return {};
}

}  // namespace

const char* to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::same: return "same";
    case Outcome::better: return "better";
    case Outcome::worse: return "worse";
    case Outcome::changed: return "changed";
    case Outcome::too_few: return "too_few";
    case Outcome::lost: return "lost";
    case Outcome::not_judged: return "not_judged";
  }
  return "not_judged";
}

bool interval_excludes_no_change(const Change& change) {
  if (change.ratio_interval) return !change.ratio_interval->holds(1);
  return change.shift_interval && !change.shift_interval->holds(0);
}

std::size_t flagged(const Comparison& comparison) {
  std::size_t out = 0;
  for (const auto& metric : comparison.metrics)
    for (const auto& change : metric.changes)
      out += change.outcome == Outcome::better || change.outcome == Outcome::worse ||
             change.outcome == Outcome::changed;
  return out;
}

Result<Comparison> compare(const std::vector<SessionGroup>& asked,
                           const ComparisonOptions& options) {
  const FamilyGroups families(asked);
  const auto& groups = families.groups();
  TRY(check(groups, options));
  Comparison out;
  out.options = options;
  const Findings& first = *groups.front().sessions.front();
  out.profile = first.profile;
  out.profile_hash = first.profile_hash;
  out.question = first.question;
  out.probe = first.probe;
  out.probe_kind = first.probe_kind;
  out.isolab_version = first.isolab_version;
  out.command_line = first.command_line;
  out.repeats = first.repeats;
  out.warmup_s = first.warmup_s;
  out.measure_s = first.measure_s;
  for (const auto& group : asked)
    for (const auto& arm : group.sessions.front()->arms)
      if (is_of(group.arm, arm.name) && (!group.arm.empty() || is_in_all(asked, arm.name)))
        out.loads[arm.name] = arm.workloads;
  for (const auto& group : groups) out.groups.push_back(summary_of(group));
  out.differences = find_differences(groups, options);
  out.metrics = compared_metrics(groups, options, out.uncompared);
  correct_and_judge(out.metrics, options, out.tests);
  add_notes(groups, out);
  out.series = group_series(groups);
  out.scaling = scaling_lines(out.metrics, groups);
  return out;
}

}  // namespace isolab
