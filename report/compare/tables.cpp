// SPDX-License-Identifier: Apache-2.0
#include "report/compare/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "analysis/metrics/interrupt_rows.h"
#include "analysis/model/metric_list.h"
#include "analysis/statistics/two_samples.h"
#include "base/command_line.h"
#include "report/text/format.h"

namespace isolab {
namespace {

/// The tables in their order; section_of() gives no other.
constexpr std::array kTables = {Section::ipis, Section::gaps, Section::cost, Section::rest};

std::string label(const ComparedMetric& metric, const char* name) {
  const auto found = metric.key.labels.find(name);
  return found == metric.key.labels.end() ? "" : found->second;
}

/// Rows of /proc/interrupts and callbacks that other CPUs sent: what was queued, and reschedules.
bool is_sent(const ComparedMetric& metric, const std::set<std::string>& queued) {
  static const std::set<std::string> kIpiRows{"function_call", "tlb", "reschedule", "irq_work"};
  return kIpiRows.contains(label(metric, "row")) ||
         queued.contains(label(metric, "class") + label(metric, "callback")) ||
         label(metric, "class").starts_with("scheduler/");
}

Section section_of(const ComparedMetric& metric, const std::set<std::string>& queued) {
  switch (const Section section = metric.info->section) {
    case Section::sent: return is_sent(metric, queued) ? Section::ipis : Section::rest;
    case Section::system_cost:
      return label(metric, "state") == "system" ? Section::cost : Section::rest;
    default: return section;
  }
}

/// Rows of /proc/interrupts have the unit of callbacks; elsewhere by the second.
bool is_by_hour(const ComparedMetric& metric, Section section) {
  return section == Section::ipis && metric.info->unit_rules->rate_s == 1;
}

/// The row label of the list of metrics with its places filled, each from left to right.
std::string row_name(const ComparedMetric& metric, Section section) {
  auto words = metric.key.labels;
  words["cpus"] = label(metric, "cpu") == "housekeeping" ? "housekeeping" : "measured";
  words["rate"] = is_by_hour(metric, section) ? " IPIs" : " /s";
  const std::string& pattern = metric.info->row_label;
  std::string out;
  for (std::size_t at = 0; at < pattern.size();) {
    const auto open = std::min(pattern.find('{', at), pattern.size());
    out += pattern.substr(at, open - at);
    if (open == pattern.size()) break;
    const auto close = pattern.find('}', open);
    out += words[pattern.substr(open + 1, close - open - 1)];
    at = close + 1;
  }
  return out;
}

std::string title_of(Section section, const Comparison& all) {
  const bool wakeup = all.probe_kind == "wakeup";
  switch (section) {
    case Section::ipis:
      return "IPIs reaching the measured CPUs, by callback; per CPU-hour, less is better";
    case Section::gaps:
      return wakeup ? "Lateness of wake-ups on the measured CPUs; less is better"
                    : "Gaps in a busy loop on the measured CPUs; less is better";
    case Section::cost: {
      const bool work = std::any_of(all.metrics.begin(), all.metrics.end(), [](const auto& metric) {
        return metric.key.name == metrics::work_per_second;
      });
      return work ? "Cost; less is better, but for work done per second" : "Cost; less is better";
    }
    default: return "Everything else that was compared";
  }
}

/// A ratio as people say it: percent below twofold, times above.
std::string ratio_text(double ratio) {
  if (std::isinf(ratio)) return "inf";
  if (ratio >= 2) return short_number(ratio) + "x";
  const double percent = (ratio - 1) * 100;
  if (std::abs(percent) < 0.05) return "0.0%";
  return fmt::format("{:+.1f}%", percent);
}

}  // namespace

std::string centre_text(const GroupNumber& number, Statistic statistic) {
  if (number.values.empty()) return "-";
  if (statistic == Statistic::count && number.n == 0 && number.interval)
    return fmt::format("0 (<{})", short_number(number.interval->upper));
  return short_number(number.centre);
}

std::string range_text(const std::optional<Interval>& interval) {
  if (!interval) return "";
  return fmt::format("[{},{}]", short_number(interval->lower),
                     std::isinf(interval->upper) ? "inf" : short_number(interval->upper));
}

std::string change_text(const ComparedMetric& metric, std::size_t other) {
  const auto& change = metric.changes[other - 1];
  if (metric.statistic == Statistic::maximum) return "-";
  if (change.ratio) {
    // Of none seen, or of none to begin with, the ratio is bounded on one side only.
    const auto& bounds = change.ratio_interval;
    if (std::isinf(*change.ratio))
      return !bounds ? "from 0" : fmt::format("from 0 (>{}x)", short_number(bounds->lower));
    if (*change.ratio == 0)
      return !bounds ? "to 0" : fmt::format("to 0 (<{}x)", short_number(bounds->upper));
    return ratio_text(*change.ratio);
  }
  if (change.shift) return *change.shift == 0 ? "0" : fmt::format("{:+.3g}", *change.shift);
  return "-";
}

namespace {

/// A bound near no change keeps its sign: "0.0%" beside a verdict would contradict it.
std::string bound_text(double ratio) {
  const double percent = (ratio - 1) * 100;
  return percent == 0 || std::abs(percent) >= 0.05 ? ratio_text(ratio)
                                                   : fmt::format("{:+.1g}%", percent);
}

/// Round brackets only where they matter: at no change.
std::string bracketed(const Interval& one, double no_change, const std::string& lower,
                      const std::string& upper) {
  return fmt::format("{}{},{}{}", one.lower_open && one.lower == no_change ? "(" : "[", lower,
                     upper, one.upper_open && one.upper == no_change ? ")" : "]");
}

}  // namespace

std::string change_range_text(const Change& change) {
  if (change.ratio && (std::isinf(*change.ratio) || *change.ratio == 0)) return "";
  if (const auto& one = change.ratio_interval)
    return bracketed(*one, 1, bound_text(one->lower), bound_text(one->upper));
  if (const auto& one = change.shift_interval)
    return bracketed(*one, 0, fmt::format("{:+.3g}", one->lower),
                     fmt::format("{:+.3g}", one->upper));
  return "";
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "";
  return *p < 1e-4 ? fmt::format("{:.0e}", *p) : fmt::format("{:.2g}", *p);
}

std::string mark_of(const ComparedMetric& metric, std::size_t other) {
  const auto word = [](Outcome outcome) -> std::string {
    switch (outcome) {
      case Outcome::better:
      case Outcome::worse:
      case Outcome::changed: return "*";
      case Outcome::same: return "~";
      case Outcome::too_few: return fmt::format("n<{}", kSessionsForVerdict);
      case Outcome::lost: return "lost";
      case Outcome::not_judged: return "";
    }
    return "";
  };
  const Outcome outcome = metric.changes[other - 1].outcome;
  const bool left_out = metric.groups.front().lost + metric.groups[other].lost > 0;
  return word(outcome) + (left_out && outcome != Outcome::lost ? "!" : "");
}

std::vector<CompareTable> compare_tables(const Comparison& all, std::size_t other) {
  std::set<std::string> queued;
  std::map<std::string, std::set<std::string>> classes;  // of each callback
  for (const auto& metric : all.metrics) {
    classes[label(metric, "callback")].insert(label(metric, "class"));
    if (metric.key.name == metrics::calls_queued)
      queued.insert(label(metric, "class") + label(metric, "callback"));
  }
  std::map<Section, CompareTable> tables;
  for (const Section section : kTables)
    tables[section] = {
        title_of(section, all), {}, section == Section::ipis, section == Section::rest};
  for (const auto& metric : all.metrics) {
    const auto& base = metric.groups.front();
    const auto& now = metric.groups[other];
    if (base.centre == 0 && now.centre == 0 && base.n == 0 && now.n == 0) continue;
    const auto& change = metric.changes[other - 1];
    CompareRow row;
    row.arm = label(metric, "arm");
    const Section section = section_of(metric, queued);
    row.name = row_name(metric, section);
    // One function serves several purposes (do_sync_core): the class says which.
    if (const auto callback = label(metric, "callback"); classes[callback].size() > 1)
      row.name = callback + " (" +
                 label(metric, "class").substr(label(metric, "class").find('/') + 1) + ")" +
                 row.name.substr(callback.size());
    row.before_tail = metric.info->before_tail;
    const bool by_hour = is_by_hour(metric, section);
    const auto cell = [&](GroupNumber number) {
      if (by_hour) {
        number.centre *= 3600;
        if (number.interval) number.interval->lower *= 3600, number.interval->upper *= 3600;
      }
      const auto centre = centre_text(number, metric.statistic);
      const bool zero = metric.statistic == Statistic::count && number.n == 0;
      const auto range = zero ? "" : range_text(number.interval);
      return range.empty() ? centre : centre + " " + range;
    };
    row.base = cell(base);
    row.other = cell(now);
    row.change = change_text(metric, other);
    row.range = row.change == "-" ? "" : change_range_text(change);
    row.p = p_text(change.p);
    row.mark = mark_of(metric, other);
    row.significant = row.mark.starts_with("*");
    row.weight = std::max(base.centre, now.centre) * (by_hour ? 3600 : 1);
    tables[section].rows.push_back(std::move(row));
  }
  // The rows of an arm follow each other.
  std::vector<CompareTable> out;
  for (const Section section : kTables) {
    auto& rows = tables[section].rows;
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return numbers_in_order(a.arm, b.arm); });
    if (!rows.empty()) out.push_back(std::move(tables[section]));
  }
  return out;
}

std::string short_legend(const Comparison& all) {
  return fmt::format(
      "* significant: exact Mann-Whitney over sessions, false discovery rate {:g}% "
      "(Benjamini-Hochberg over {} tests), 95% interval excludes no change, effect >= {:g}%",
      all.options.alpha * 100, all.tests, all.options.min_effect * 100);
}

std::string legend(const Comparison& all) {
  const bool lost = std::any_of(all.metrics.begin(), all.metrics.end(), [](const auto& metric) {
    return std::any_of(metric.groups.begin(), metric.groups.end(),
                       [](const auto& group) { return group.lost > 0; });
  });
  const char* of_losses = lost ? " !: without the sessions whose trace lost events; lost: a group "
                                 "has no others, its number is a lower bound."
                               : "";
  return short_legend(all) +
         "; ~ not. Counts: pooled rate [exact interval, widened by session bootstrap]; 0 (<x): "
         "none seen, x is the one-sided 95% bound; to 0 (<y x), from 0 (>y x): y bounds the "
         "ratio. Values: median of sessions [95%] and Hodges-Lehmann change." +
         of_losses;
}

namespace {

/// Which options choose the guest (cli/main.cpp); the others say where the result goes.
std::string guest_choice(const std::vector<std::string>& command_line) {
  std::string out;
  for (std::size_t i = 0; i < command_line.size(); ++i) {
    const std::string name = command_line[i].substr(0, command_line[i].find('='));
    for (const char* option : {"--arch", "--kernel", "--cpus", "--topology", "--isolated",
                               "--append", "--memory", "--accel", "--with"}) {
      if (name != option) continue;
      out += " " + shell_word(command_line[i]);
      if (name == command_line[i] && i + 1 < command_line.size())
        out += " " + shell_word(command_line[++i]);
      break;
    }
  }
  return out;
}

}  // namespace

std::string recorded_profile(const Comparison& all) {
  std::string profile = all.profile;
  for (std::size_t i = 0; i + 1 < all.command_line.size(); ++i)
    if (all.command_line[i] == "run" && !all.command_line[i + 1].starts_with("-"))
      profile = all.command_line[i + 1];
  return profile;
}

std::string reproduce_command(const Comparison& all, const std::string& profile) {
  std::size_t sessions = 1;
  for (const auto& group : all.groups) sessions = std::max(sessions, group.sessions);
  // A guest's command line carries this word (vm/machine.cpp).
  const auto line = all.groups.front().facts.find("kernel.command_line");
  const bool guest = line != all.groups.front().facts.end() &&
                     line->second.find("isolab.vm=") != std::string::npos;
  return fmt::format("isolab {}run {} --hash {} --sessions {}{}", guest ? "vm " : "",
                     shell_word(profile.empty() ? recorded_profile(all) : profile),
                     all.profile_hash.substr(0, 16), std::max(sessions, kSessionsForVerdict),
                     guest ? guest_choice(all.command_line) : "");
}

std::string design_text(const Comparison& all, const GroupSummary& group) {
  return fmt::format("{} session{} x {} window{} x {}", group.sessions,
                     group.sessions == 1 ? "" : "s", all.repeats, all.repeats == 1 ? "" : "s",
                     short_span(all.measure_s));
}

}  // namespace isolab
