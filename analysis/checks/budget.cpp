// SPDX-License-Identifier: Apache-2.0
#include "analysis/checks/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "analysis/model/metric_list.h"
#include "base/text.h"
#include "base/units.h"

namespace isolab {
namespace {

Result<double> plain_number(const std::string& text, const std::string& expected) {
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{} || end != text.data() + text.size() || !(out >= 0))
    return Error{ErrorKind::usage, fmt::format("limit \"{}\" is not {}", text, expected)};
  return out;
}

std::string label_text(const Metric& metric) {
  std::string out;
  for (const auto& [name, value] : metric.labels)
    if (name != "arm") append_item(out, ", ", fmt::format("{} {}", name, value));
  return out;
}

/// Which of two values is further from keeping the limit.
bool worse(const Metric& a, const Metric& b, Direction direction) {
  return direction == Direction::higher_is_better ? *a.value < *b.value : *a.value > *b.value;
}

Verdict judge(const Budget& budget, const std::string& arm, const std::vector<Metric>& metrics) {
  Verdict out;
  out.budget = budget;
  out.arm = arm;
  const MetricInfo* info = find_metric_info(budget.metric);
  const Metric* worst = nullptr;
  std::string reason = info == nullptr ? "unknown metric" : "not measured";
  for (const auto& metric : metrics) {
    if (info == nullptr || metric.name != budget.metric || metric.labels.at("arm") != arm) continue;
    if (!metric.value)
      reason = metric.not_applicable;
    else if (worst == nullptr || worse(metric, *worst, info->direction))
      worst = &metric;
  }
  if (worst == nullptr) {
    out.outcome = "not applicable";
    out.text = reason;
    return out;
  }
  const bool higher = info->direction == Direction::higher_is_better;
  const bool broken = higher ? *worst->value < budget.limit : *worst->value > budget.limit;
  const bool proven = higher || !worst->upper95 || *worst->upper95 <= budget.limit;
  out.outcome = broken ? "broken" : proven ? "kept" : "not proven";
  out.text = fmt::format("{} {:.4g} {} ({}), limit {}", budget.metric, *worst->value, info->unit,
                         label_text(*worst), budget.limit_text);
  if (!broken && !proven)
    out.text += fmt::format("; its 95 % upper bound is {:.4g}: measure longer", *worst->upper95);
  return out;
}

}  // namespace

std::vector<std::string> budget_metrics() {
  std::vector<std::string> out;
  for (const auto& info : all_metrics())
    if (info.direction != Direction::none) out.push_back(info.name);
  return out;
}

Result<double> budget_limit(const std::string& metric, const std::string& text) {
  const MetricInfo* info = find_metric_info(metric);
  if (info == nullptr || info->direction == Direction::none)
    return Error{ErrorKind::usage, fmt::format("\"{}\" is not a metric a budget can limit", metric),
                 "isolab schema lists them"};
  const Unit& unit = *info->unit_rules;
  if (unit.ns > 0) {
    const auto length = parse_duration(text);
    if (!length) return length.error();
    return static_cast<double>(length->count()) / unit.ns;
  }
  std::string number = text;
  std::string expected = "a number";
  if (const std::string suffix = unit.suffix; !suffix.empty()) {
    expected += fmt::format(" like 10 or 10{}", suffix);
    if (number.ends_with(suffix)) number.resize(number.size() - suffix.size());
  }
  return plain_number(number, expected);
}

std::vector<Verdict> judge_budgets(const Plan& plan, const std::vector<Metric>& metrics) {
  std::vector<Verdict> out;
  for (const auto& budget : plan.budgets)
    for (const auto& arm : plan.arms)
      if (budget.arm.empty() || budget.arm == arm.name) {
        out.push_back(judge(budget, arm.name, metrics));
        if (!arm.not_applicable.empty()) {
          out.back().outcome = "not applicable";
          out.back().text = arm.not_applicable;
        }
      }
  return out;
}

Result<Budget> parse_limit(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos)
    return Error{ErrorKind::usage, "cannot use limit \"" + text + "\": it has no \"=\"",
                 "write METRIC=LIMIT, for example gap_max=20us"};
  Budget budget;
  budget.metric = text.substr(0, equals);
  budget.limit_text = text.substr(equals + 1);
  budget.limit = TRY(budget_limit(budget.metric, budget.limit_text));
  budget.reason = "--limit";
  return budget;
}

std::vector<std::string> unjudged_budgets(const std::vector<Verdict>& verdicts) {
  std::vector<std::string> out;
  for (const Verdict& verdict : verdicts) {
    const auto same = [&](const Verdict& other) { return other.budget == verdict.budget; };
    const bool judged = std::any_of(verdicts.begin(), verdicts.end(), [&](const Verdict& other) {
      return same(other) && other.outcome != "not applicable";
    });
    // Once a budget: at its first verdict.
    if (judged || &*std::find_if(verdicts.begin(), verdicts.end(), same) != &verdict) continue;
    out.push_back(fmt::format("{} <= {}: {}", verdict.budget.metric, verdict.budget.limit_text,
                              verdict.text));
  }
  return out;
}

}  // namespace isolab
