// SPDX-License-Identifier: Apache-2.0
#include "report/text/conclusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "analysis/metrics/interrupt_rows.h"
#include "analysis/metrics/ipis_per_op.h"
#include "analysis/model/metric_list.h"
#include "base/text.h"
#include "report/text/format.h"

namespace isolab {
namespace {

/// Interrupts that someone else sends; the tick and softirqs are the CPU's own.
constexpr std::array kSent = {"function_call", "tlb", "reschedule", "irq_work", "cpu_stop", "nmi"};
constexpr std::size_t kRowsNamed = 3;
constexpr double kShows = 0.5;  // IPIs per second of the idle arm, below it only their sum

/// The order of tables in a line, and how many rows of each.
constexpr std::array kTables = {std::pair{EffectTable::interrupts, kRowsNamed},
                                std::pair{EffectTable::tasks, std::size_t{2}},
                                std::pair{EffectTable::causes, std::size_t{2}},
                                std::pair{EffectTable::gaps, std::size_t{2}},
                                std::pair{EffectTable::time_lost, std::size_t{1}},
                                std::pair{EffectTable::cpu_time, std::size_t{1}}};

/// Rows of which a quiet arm says what it could have shown.
constexpr std::array kBounds = {std::pair{EffectTable::gaps, "over 10 us"},
                                std::pair{EffectTable::time_lost, "time lost"},
                                std::pair{EffectTable::interrupts, "function_call"},
                                std::pair{EffectTable::interrupts, "timer"}};

class Conclusion {
 public:
  explicit Conclusion(const Findings& findings)
      : findings_(findings), wakeups_(findings.probe_kind == "wakeup") {}

  std::string text() const {
    std::string out;
    std::vector<std::string> no_data;
    std::vector<const ArmEffect*> quiet;
    for (const auto& arm : findings_.arms) {
      if (arm.windows == 0) {
        if (arm.not_applicable.empty()) no_data.push_back(arm.name);
        continue;
      }
      const auto* effect = effect_of(arm.name);
      const auto line = findings_.imported  ? in_the_file(arm.name)
                        : effect == nullptr ? ipis(arm.name) + "; " + lengths(arm.name, true, true)
                                            : against_idle(arm.name, *effect);
      if (line.empty())
        quiet.push_back(effect);
      else
        out += item(arm.name, line);
    }
    out += no_effect(quiet);
    return no_data.empty() ? out : out + item("no data", join(no_data, ", "));
  }

  /// What a file of another tool has of both.
  std::string in_the_file(const std::string& arm) const {
    std::vector<std::string> parts;
    const bool counted =
        std::any_of(findings_.metrics.begin(), findings_.metrics.end(), [&](const Metric& metric) {
          return metric.name == metrics::interrupts_per_second && metric.value &&
                 metric.labels.at("arm") == arm &&
                 std::find(kSent.begin(), kSent.end(), metric.labels.at("row")) != kSent.end();
        });
    if (counted) parts.push_back(ipis(arm));
    if (metric(length_metrics(wakeups_).longest, arm) != nullptr)
      parts.push_back(lengths(arm, true, true));
    return parts.empty() ? "counts, below" : join(parts, "; ");
  }

  /// The clearest rows of each table for which `which` holds, by table. Causes only where no
  /// interrupt row says the same; of nested limits the clearest and the highest.
  std::vector<std::pair<EffectTable, std::string>> changes(const ArmEffect& effect,
                                                           bool RowEffect::*which) const {
    std::map<EffectTable, std::vector<const RowEffect*>> tables;
    std::set<std::pair<EffectTable, std::string>> named;
    for (const bool together : {true, false})
      for (const auto& row : effect.rows)
        if (row.*which && (row.cpu < 0) == together && named.emplace(row.table, row.row).second)
          tables[row.table == EffectTable::softirqs ? EffectTable::interrupts : row.table]
              .push_back(&row);
    if (tables.contains(EffectTable::interrupts)) tables.erase(EffectTable::causes);
    if (auto& limits = tables[EffectTable::gaps]; limits.size() > 2)
      std::iter_swap(limits.begin() + 1,
                     std::max_element(limits.begin(), limits.end(), [](auto* a, auto* b) {
                       return numbers_in_order(a->row, b->row);
                     }));
    std::vector<std::pair<EffectTable, std::string>> out;
    for (const auto& [table, most] : kTables) {
      std::vector<std::string> rows;
      for (const auto* row : tables[table])
        if (rows.size() < most) rows.push_back(row_text(*row));
      if (!rows.empty()) out.emplace_back(table, join(rows, ", "));
    }
    return out;
  }

  std::string single_cpus(const ArmEffect& effect) const {
    std::set<std::pair<EffectTable, std::string>> together;
    for (const auto& row : effect.rows)
      if (row.changed && row.cpu < 0) together.emplace(row.table, row.row);
    std::vector<std::string> out;
    for (const auto& row : effect.rows)
      if (row.changed && row.cpu >= 0 && out.size() < 2 &&
          !together.contains(std::pair(row.table, row.row)))
        out.push_back(row_text(row));
    return join(out, ", ");
  }

  std::string rises(const std::vector<const ArmEffect*>& quiet) const {
    std::vector<std::string> bounds;
    for (const auto& [table, name] : kBounds) {
      double least = 0;
      for (const auto* effect : quiet)
        for (const auto& row : effect->rows)
          if (row.table == table && row.row == name && row.cpu < 0)
            least = std::max(least, row.could_show);
      if (least > 0)
        bounds.push_back(
            fmt::format("{} +{}{}", row_name(table, name), amount(table, least), unit(table)));
    }
    return join(bounds, ", ");
  }

  /// The sent interrupts of an arm: "IPIs: function_call 1/s", or their sum where it is small.
  std::string ipis(const std::string& arm) const {
    std::vector<std::pair<double, std::string>> rows;
    double all = 0;
    double bound = 0;  // where none came; of one observation time the same for a row and for all
    bool counted = false;
    for (const char* row : kSent) {
      const auto* found = find_metric(findings_, metrics::interrupts_per_second,
                                      {{"arm", arm}, {"cpu", "all"}, {"row", row}});
      if (found == nullptr || !found->value) continue;
      counted = true;
      all += *found->value;
      bound = std::max(bound, found->upper95.value_or(0));
      if (*found->value >= kShows) rows.emplace_back(-*found->value, row);
    }
    if (!counted) return "interrupts were not observed";
    if (rows.empty() && all > 0) return fmt::format("{} IPIs/s", short_number(all));
    if (rows.empty())
      return "no IPI" + (bound > 0 ? fmt::format(" (<{}/s)", short_number(bound)) : "");
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> out;
    for (std::size_t i = 0; i < std::min(rows.size(), kRowsNamed); ++i)
      out.push_back(fmt::format("{} {}/s", rows[i].second, short_number(-rows[i].first)));
    return "IPIs: " + join(out, ", ");
  }

 private:
  static std::string item(const std::string& head, const std::string& text) {
    return wrapped(fmt::format("  {:<18} ", ascii(head)), 21, text);
  }
  static std::vector<std::string> texts(
      const std::vector<std::pair<EffectTable, std::string>>& tables) {
    std::vector<std::string> out;
    for (const auto& [table, text] : tables) out.push_back(text);
    return out;
  }
  const Metric* metric(const std::string& name, const std::string& arm) const {
    return find_metric(findings_, name, {{"arm", arm}, {"cpu", "all"}});
  }
  const ArmEffect* effect_of(const std::string& arm) const {
    for (const auto& one : findings_.effects)
      if (one.arm == arm) return &one;
    return nullptr;
  }

  /// Empty: every table was looked at and none shows a change.
  std::string against_idle(const std::string& arm, const ArmEffect& effect) const {
    std::vector<std::string> parts = texts(changes(effect, &RowEffect::changed));
    const bool shows = !parts.empty();
    for (const auto& one : ipis_per_op(arm, !shows)) parts.push_back(one);
    if (!shows && !parts.empty()) parts.insert(parts.begin(), "no measurable effect");
    if (shows)
      parts.push_back(lengths(arm, !has_changed(effect, EffectTable::gaps),
                              !has_changed(effect, EffectTable::time_lost)));
    if (const auto unsteady = texts(changes(effect, &RowEffect::unsteady)); !unsteady.empty())
      parts.push_back("unclear, the repeats disagree: " + join(unsteady, ", "));
    const bool judged = effect.not_judged.empty();
    if (!judged) {
      const bool nothing = parts.empty();
      parts.push_back("not judged: " + join(effect.not_judged, ", "));
      if (nothing) parts.push_back("no measurable effect in the other tables");
    }
    return join(parts, "; ");
  }

  static bool has_changed(const ArmEffect& effect, EffectTable table) {
    return std::any_of(effect.rows.begin(), effect.rows.end(),
                       [&](const auto& row) { return row.table == table && row.changed; });
  }

  std::string row_text(const RowEffect& row) const {
    const auto where = row.cpu < 0 ? "" : fmt::format(" on CPU {}", row.cpu);
    return fmt::format("{}{} {} -> {}{}", row_name(row.table, row.row), where,
                       amount(row.table, row.idle), amount(row.table, row.arm), unit(row.table));
  }

  std::string row_name(EffectTable table, const std::string& row) const {
    const bool sent = std::find(kSent.begin(), kSent.end(), row) != kSent.end();
    switch (table) {
      case EffectTable::gaps: return (row.starts_with("over") ? events() + " " : "") + row;
      case EffectTable::interrupts:
        return row + (sent && row != "nmi" ? " IPIs" : row == "timer" ? " interrupts" : "");
      case EffectTable::tasks: return "task " + row;
      case EffectTable::cpu_time: return "CPU time in " + row;
      default: return row;
    }
  }
  static std::string amount(EffectTable table, double rate) {
    switch (table) {
      case EffectTable::gaps: return short_number(rate * 3600);
      case EffectTable::time_lost: return words_us(rate);
      case EffectTable::cpu_time: return fmt::format("{:.2f}", rate * 100);
      default: return short_number(rate);
    }
  }
  static const char* unit(EffectTable table) {
    return table == EffectTable::gaps ? "/h" : table == EffectTable::cpu_time ? " %" : "/s";
  }
  std::string events() const { return wakeups_ ? "wake-ups" : "gaps"; }

  /// The quiet arms, and the smallest rise that each of them would have shown.
  std::string no_effect(const std::vector<const ArmEffect*>& quiet) const {
    if (quiet.empty()) return {};
    std::vector<std::string> names;
    for (const auto* effect : quiet) names.push_back(effect->arm);
    const bool gaps = std::any_of(quiet.begin(), quiet.end(), [](const auto* effect) {
      return std::any_of(effect->rows.begin(), effect->rows.end(), [](const auto& row) {
        return row.table == EffectTable::gaps && row.could_show > 0;
      });
    });
    if (!gaps) names.back() += " (gaps were not measured)";
    std::string out = item("no measurable effect", join(names, ", "));
    if (const auto bounds = rises(quiet); !bounds.empty()) out += item("  detectable rise", bounds);
    return out;
  }

  std::string lengths(const std::string& arm, bool with_rate, bool with_lost) const {
    const LengthMetrics names = length_metrics(wakeups_);
    const auto* over = metric(names.counts.over(10), arm);
    const auto* longest = metric(names.longest, arm);
    if (longest != nullptr && findings_.imported && !longest->not_applicable.empty())
      return longest->not_applicable;
    if (longest != nullptr && !longest->not_applicable.empty())
      return "no times: " + longest->not_applicable.substr(0, longest->not_applicable.find(':'));
    if (over == nullptr || longest == nullptr || !longest->value) return "no gaps were measured";
    std::string out;
    if (with_rate && over->value)
      out = fmt::format("{} {}/h over 10 us, ", rate_text(over), events());
    out += "longest " + words_us(*longest->value);
    if (const auto* lost = metric(metrics::time_lost, arm);
        with_lost && lost != nullptr && lost->value)
      out += fmt::format(", {}/s lost", words_us(*lost->value));
    return out;
  }

  /// `odd`: only those that differ from what is expected.
  std::vector<std::string> ipis_per_op(const std::string& arm, bool odd) const {
    std::vector<std::string> out;
    for (const auto& measured : findings_.metrics) {
      if (measured.name != metrics::ipis_per_op || measured.labels.at("arm") != arm ||
          !measured.value)
        continue;
      const auto& workload = measured.labels.at("workload");
      const auto* expected =
          find_metric(findings_, metrics::ipis_per_op_expected,
                      {{"arm", arm}, {"row", measured.labels.at("row")}, {"workload", workload}});
      if (odd && (expected == nullptr || expected->verdict != "different")) continue;
      auto text = fmt::format("{} {} IPIs per operation", per_operation(*measured.value),
                              measured.labels.at("row"));
      if (expected != nullptr && expected->value)
        text += fmt::format(" ({:.2f} expected{})", *expected->value,
                            expected->operations_needed > 0 ? ", too few operations" : "");
      out.push_back(std::move(text));
    }
    return out;
  }

  const Findings& findings_;
  bool wakeups_;
};

}  // namespace

std::string conclusion(const Findings& findings) { return Conclusion(findings).text(); }

std::vector<std::string> changed_rows(const Findings& findings, const ArmEffect& effect) {
  std::vector<std::string> out;
  for (const auto& [table, text] : Conclusion(findings).changes(effect, &RowEffect::changed))
    if (table != EffectTable::gaps && table != EffectTable::time_lost) out.push_back(text);
  return out;
}

std::string sent_interrupts(const Findings& findings, const std::string& arm) {
  return Conclusion(findings).ipis(arm);
}

std::string rows_of_single_cpus(const Findings& findings, const ArmEffect& effect) {
  return Conclusion(findings).single_cpus(effect);
}

std::string unclear_rows(const Findings& findings, const ArmEffect& effect) {
  std::vector<std::string> out;
  for (const auto& [table, text] : Conclusion(findings).changes(effect, &RowEffect::unsteady))
    out.push_back(text);
  return join(out, ", ");
}

std::string smallest_rises(const Findings& findings, const std::vector<const ArmEffect*>& arms) {
  return Conclusion(findings).rises(arms);
}

}  // namespace isolab
