// SPDX-License-Identifier: Apache-2.0
#include "runner/report_conclusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "runner/report_format.h"

namespace isolab {
namespace {

/// Interrupts that someone else sends; the tick and softirqs are the CPU's own.
constexpr std::array kSent = {"function_call", "tlb", "reschedule", "irq_work", "cpu_stop", "nmi"};
constexpr std::size_t kRowsNamed = 3;
constexpr double kShows = 0.5;       // per second, below it is not worth a headline
constexpr double kLostShows = 1.25;  // times the idle arm's

/// What is said about one arm, and whether it shows an effect at all.
struct Effect {
  std::string text;
  bool shows = false;
};

class Conclusion {
 public:
  explicit Conclusion(const Findings& findings)
      : findings_(findings), prefix_(findings.probe_kind == "wakeup" ? "wakeup" : "gap") {
    for (const auto& arm : findings.arms)
      if (arm.idle) idle_ = &arm;
  }

  std::string text() const {
    std::string out;
    std::string quiet;
    std::string none;
    for (const auto& arm : findings_.arms) {
      if (arm.windows == 0) {
        if (arm.not_applicable.empty()) none += (none.empty() ? "" : ", ") + arm.name;
        continue;
      }
      const Effect effect = effect_of(arm);
      if (effect.shows)
        out += wrapped(fmt::format("  {:<18} ", ascii(arm.name)), 21, effect.text);
      else
        quiet += (quiet.empty() ? "" : ", ") + arm.name;
    }
    if (!quiet.empty()) out += wrapped(fmt::format("  {:<18} ", "nothing that shows"), 21, quiet);
    if (!none.empty()) out += wrapped(fmt::format("  {:<18} ", "no data"), 21, none);
    return out;
  }

 private:
  const Metric* metric(const std::string& name, const std::string& arm) const {
    return find_metric(findings_, name, {{"arm", arm}, {"cpu", "all"}});
  }
  double value(const std::string& name, const std::string& arm, double fallback) const {
    const auto* found = metric(name, arm);
    return found != nullptr && found->value ? *found->value : fallback;
  }

  Effect effect_of(const ArmSummary& arm) const {
    Effect out;
    if (&arm == idle_ || idle_ == nullptr) {
      out.shows = true;
      const auto sent = sent_rows(arm.name, "interrupts_per_second", "");
      out.text = (sent.empty() ? few_ipis(arm.name) : "IPIs: " + sent) + "; " + heard(arm.name);
      return out;
    }
    const std::string sent = sent_rows(arm.name, "interrupts_over_idle", "+");
    const double lost = value("time_lost", arm.name, 0);
    const double idle_lost = value("time_lost", idle_->name, 0);
    out.shows = !sent.empty() || more_events(arm.name) ||
                (lost > idle_lost * kLostShows && lost - idle_lost > 1);
    out.text = (sent.empty() ? "no more IPIs than idle" : sent) + ipis_per_op(arm.name) + "; " +
               heard(arm.name);
    return out;
  }

  /// What to say of an arm none of whose IPI rows reaches kShows.
  std::string few_ipis(const std::string& arm) const {
    double rate = 0;
    bool counted = false;
    for (const char* row : kSent) {
      const auto* found = find_metric(findings_, "interrupts_per_second",
                                      {{"arm", arm}, {"cpu", "all"}, {"row", row}});
      counted = counted || found != nullptr;
      if (found != nullptr) rate += found->value.value_or(0);
    }
    if (!counted) return "interrupts were not observed";
    return rate > 0 ? fmt::format("{} IPIs/s", short_number(rate)) : "no IPI";
  }

  /// Whether its count over 10 us has an interval wholly above that of the idle arm.
  bool more_events(const std::string& arm) const {
    const auto* here = metric(prefix_ + "s_over_10us", arm);
    const auto* idle = metric(prefix_ + "s_over_10us", idle_->name);
    return here != nullptr && idle != nullptr && here->lower95 && idle->upper95 &&
           *here->lower95 > *idle->upper95;
  }

  std::string heard(const std::string& arm) const {
    const auto* over = metric(prefix_ + "s_over_10us", arm);
    const auto* longest = metric(prefix_ + "_max", arm);
    if (longest != nullptr && !longest->not_applicable.empty())
      return "no times: " + longest->not_applicable.substr(0, longest->not_applicable.find(':'));
    if (over == nullptr || longest == nullptr || !longest->value) return "no probe listened";
    std::string out =
        fmt::format("{}/h over 10 us, longest {}", rate_text(over), words_us(*longest->value));
    if (const auto* lost = metric("time_lost", arm); lost != nullptr && lost->value)
      out += fmt::format(", {}/s lost", words_us(*lost->value));
    return out;
  }

  /// "function_call +1.00k/s, reschedule +3.1/s": the largest first.
  std::string sent_rows(const std::string& arm, const std::string& name, const char* sign) const {
    std::vector<std::pair<double, std::string>> rows;
    for (const char* row : kSent) {
      const auto* found =
          find_metric(findings_, name, {{"arm", arm}, {"cpu", "all"}, {"row", row}});
      if (found == nullptr || !found->value || *found->value < kShows) continue;
      if (!found->lower95 || *found->lower95 <= 0) continue;
      rows.emplace_back(-*found->value, row);
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string out;
    for (std::size_t i = 0; i < std::min(rows.size(), kRowsNamed); ++i)
      out += fmt::format("{}{} {}{}/s", i == 0 ? "" : ", ", rows[i].second, sign,
                         short_number(-rows[i].first));
    return out;
  }

  std::string ipis_per_op(const std::string& arm) const {
    std::string out;
    for (const auto& one : findings_.metrics) {
      if (one.name != "ipis_per_op" || one.labels.at("arm") != arm || !one.value) continue;
      const auto* expected = find_metric(
          findings_, "ipis_per_op_expected",
          {{"arm", arm}, {"row", one.labels.at("row")}, {"workload", one.labels.at("workload")}});
      out +=
          fmt::format("; {} {} per operation ({:.2f} expected)", per_operation(*one.value),
                      one.labels.at("row"), expected == nullptr ? 0 : expected->value.value_or(0));
    }
    return out;
  }

  const Findings& findings_;
  std::string prefix_;
  const ArmSummary* idle_ = nullptr;
};

}  // namespace

std::string conclusion(const Findings& findings) { return Conclusion(findings).text(); }

}  // namespace isolab
