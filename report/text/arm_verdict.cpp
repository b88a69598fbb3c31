// SPDX-License-Identifier: Apache-2.0
#include "report/text/arm_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "analysis/attribution/interruptions.h"
#include "analysis/model/metric_list.h"
#include "analysis/model/sender_words.h"
#include "base/text.h"
#include "report/text/arm_causes.h"
#include "report/text/conclusion.h"
#include "report/text/format.h"

namespace isolab {
namespace {

constexpr std::size_t kMostSenderFrames = 4;
constexpr std::size_t kFewSenderFrames = 2;  // fewer only where nothing else fits

bool wakeups(const Findings& findings) { return findings.probe_kind == "wakeup"; }

const Metric* of_arm(const Findings& findings, const std::string& name, const std::string& arm) {
  return find_metric(findings, name, {{"arm", arm}, {"cpu", "all"}});
}

/// "77 %"; what is not none is never "0 %", and what is not all never "100 %".
std::string share_text(double part, double whole) {
  if (whole <= 0) return "-";
  const double percent = 100 * part / whole;
  if (percent > 0 && percent < 0.5) return "<1 %";
  if (percent < 100 && percent >= 99.5) return ">99 %";
  return fmt::format("{:.0f} %", percent);
}

}  // namespace

int telling_threshold(const Findings& findings) {
  const ThresholdMetrics counts = length_metrics(wakeups(findings)).counts;
  int telling = kThresholdsUs.front();
  std::ptrdiff_t most = 1;
  for (const int us : kThresholdsUs) {
    const auto arms =
        std::count_if(findings.arms.begin(), findings.arms.end(), [&](const ArmSummary& arm) {
          const auto* metric = of_arm(findings, counts.over(us), arm.name);
          return metric != nullptr && metric->value && metric->n > 0;
        });
    if (arms < most) continue;
    most = arms;
    telling = us;
  }
  return telling;
}

namespace {

class VerdictWriter {
 public:
  VerdictWriter(const Findings& findings, const ArmSummary& arm, int threshold_us,
                std::size_t width)
      : findings_(findings),
        arm_(arm),
        threshold_us_(threshold_us),
        width_(width),
        causes_(causes_of(findings, arm.name)) {
    for (const auto& effect : findings.effects)
      if (effect.arm == arm.name) effect_ = &effect;
  }

  ArmVerdict verdict() const {
    ArmVerdict out{cells(), causes_text(), is_quiet(), 0};
    if (effect_ != nullptr)
      for (const auto& row : effect_->rows)
        if (row.changed) out.clearness = std::max(out.clearness, row.clearness);
    return out;
  }

 private:
  VerdictCells cells() const {
    VerdictCells out;
    const LengthMetrics names = length_metrics(wakeups(findings_));
    if (const auto* lost = of_arm(findings_, metrics::time_lost, arm_.name); has_value(lost))
      out.lost = words_us(*lost->value) + star(EffectTable::time_lost, "time lost");
    if (causes_.timed) {
      out.unexplained = share_text(causes_.lost.unexplained_s, causes_.lost.lost_s);
      out.outside = share_text(causes_.lost.outside_s, causes_.lost.lost_s);
    }
    const auto* rate = of_arm(findings_, names.counts.over(threshold_us_), arm_.name);
    if (has_value(rate)) {
      out.rate =
          rate_text(rate) + star(EffectTable::gaps, fmt::format("over {} us", threshold_us_));
      out.interval = interval_text(rate);
    }
    if (const auto* longest = of_arm(findings_, names.longest, arm_.name); has_value(longest))
      out.longest = words_us(*longest->value);
    out.per_operation = per_operation_text();
    return out;
  }

  static bool has_value(const Metric* metric) { return metric != nullptr && metric->value; }

  /// "*" where the row differs from the idle arm's; a blank keeps the numbers below each other.
  std::string star(EffectTable table, const std::string& row) const {
    return changed(table, row) ? "*" : " ";
  }
  bool changed(EffectTable table, const std::string& row) const {
    return effect_ != nullptr &&
           std::any_of(effect_->rows.begin(), effect_->rows.end(), [&](const RowEffect& found) {
             return found.table == table && found.row == row && found.cpu < 0 && found.changed;
           });
  }
  bool changes_anything() const {
    return effect_ != nullptr && std::any_of(effect_->rows.begin(), effect_->rows.end(),
                                             [](const RowEffect& row) { return row.changed; });
  }

  /// The rows of IPIs per operation that the arm has.
  std::vector<const Metric*> operations() const {
    std::vector<const Metric*> out;
    for (const auto& metric : findings_.metrics)
      if (metric.name == metrics::ipis_per_op && metric.labels.at("arm") == arm_.name)
        out.push_back(&metric);
    return out;
  }
  const Metric* expected_of(const Metric& measured) const {
    return find_metric(findings_, metrics::ipis_per_op_expected,
                       {{"arm", arm_.name},
                        {"row", measured.labels.at("row")},
                        {"workload", measured.labels.at("workload")}});
  }

  std::string per_operation_text() const {
    std::vector<std::string> texts;
    for (const auto* measured : operations()) {
      const auto* expected = expected_of(*measured);
      if (!measured->value)
        texts.emplace_back("not applicable");
      else if (!has_value(expected))
        texts.push_back(per_operation(*measured->value) + " not applicable");
      else if (expected->verdict == "different")
        texts.push_back(fmt::format("{} DIFFERENT ({:.2f})", per_operation(*measured->value),
                                    *expected->value));
      else
        texts.push_back(per_operation(*measured->value) + " " + expected->verdict);
    }
    return join(texts, ", ");
  }

  /// Why an operation has no expected number.
  std::vector<std::string> reasons() const {
    std::vector<std::string> out;
    for (const auto* measured : operations()) {
      const auto* expected = expected_of(*measured);
      const std::string why = !measured->value      ? measured->not_applicable
                              : expected != nullptr ? expected->not_applicable
                                                    : "";
      if (!why.empty())
        out.push_back(fmt::format("{} IPIs per operation: {}", measured->labels.at("row"), why));
    }
    return out;
  }

  /// What limits the numbers first, then the causes as far as the line holds them.
  std::string causes_text() const {
    std::vector<std::string> parts;
    if (effect_ != nullptr) {
      if (!effect_->not_judged.empty())
        parts.push_back("not judged: " + join(effect_->not_judged, ", "));
      if (const auto unclear = unclear_rows(findings_, *effect_); !unclear.empty())
        parts.push_back("unclear, the repeats disagree: " + unclear);
      if (auto rows = rows_of_single_cpus(findings_, *effect_); !rows.empty())
        parts.push_back(std::move(rows));
    }
    for (const auto& reason : reasons()) parts.push_back(reason);
    if (effect_ == nullptr)
      if (const auto sent = sent_interrupts(findings_, arm_.name);
          !causes_.traced || sent.starts_with("no IPI"))
        parts.push_back(sent);
    const std::string limits = ascii(join(parts, "; "));
    if (is_quiet()) return limits;
    return causes_.traced ? with_causes(limits) : with_rows(limits);
  }

  bool is_quiet() const {
    return effect_ != nullptr && effect_->not_judged.empty() && !changes_anything() &&
           unclear_rows(findings_, *effect_).empty();
  }

  /// Of an arm without a trace: the rows of the counters that changed.
  std::string with_rows(const std::string& limits) const {
    std::string out = limits;
    if (effect_ == nullptr) return out;
    for (const auto& rows : changed_rows(findings_, *effect_))
      if (out.empty() || out.size() + 2 + rows.size() <= width_) append_item(out, "; ", rows);
    return out;
  }

  /// The function that other CPUs had run here first, with as much of its sender's stack as the
  /// line holds beside the next cause; then the others as far as they fit, the largest first. Where
  /// there is no such function, the IPI that took most comes second.
  std::string with_causes(const std::string& limits) const {
    const auto* head = main_call();
    auto others = others_by_rise(head);
    if (head == nullptr && others.empty()) return limits;
    if (head == nullptr) {
      head = others.front();
      others.erase(others.begin());
      const auto sent = std::find_if(others.begin(), others.end(),
                                     [](const auto* cause) { return cause->name.by_ipi; });
      if (!head->name.by_ipi && sent != others.end())
        std::rotate(others.begin(), sent, std::next(sent));
    }
    const std::size_t used = limits.empty() ? 0 : limits.size() + 2;
    const auto text = head_text(*head, others, width_ - std::min(width_, used));
    if (text.empty()) return limits;
    std::string out = limits;
    append_item(out, "; ", text);
    for (const auto* other : others)
      if (const auto more = cause_text(*other, 1); out.size() + 2 + more.size() <= width_)
        out += "; " + more;
    return out;
  }

  /// "" where not even the cause without a stack fits.
  std::string head_text(const ArmCause& call, const std::vector<const ArmCause*>& others,
                        std::size_t room) const {
    if (!others.empty()) {
      // Of an arm that lost much more to something else the reader needs that before a callsite.
      const double larger = amount(*others.front()) / std::max(amount(call), 1e-9);
      const std::size_t least = larger > 10 ? 0 : larger > 2 ? 1 : kFewSenderFrames;
      const std::size_t tail = 2 + cause_text(*others.front(), 1).size();
      for (std::size_t frames = kMostSenderFrames + 1; frames-- > least;)
        if (auto out = cause_text(call, frames); out.size() + tail <= room) return out;
    }
    for (std::size_t frames = kMostSenderFrames;; --frames) {
      auto out = cause_text(call, frames);
      if (out.size() <= room) return out;
      if (frames == 0) return room < width_ ? "" : out;  // alone it may take a second line
    }
  }

  /// The function that other CPUs had run here most often; null: none.
  const ArmCause* main_call() const {
    const ArmCause* main = nullptr;
    for (const auto& cause : causes_.causes)
      if (cause.name.by_ipi && cause.name.kind != CauseKind::reschedule &&
          (main == nullptr || cause.per_s > main->per_s))
        main = &cause;
    return main;
  }

  /// The causes but `call` that took more than in the idle arm, by how much.
  std::vector<const ArmCause*> others_by_rise(const ArmCause* call) const {
    ArmCauses idle;
    for (const auto& arm : findings_.arms)
      if (arm.idle && !arm_.idle) idle = causes_of(findings_, arm.name);
    std::vector<std::pair<double, const ArmCause*>> rises;
    for (const auto& cause : causes_.causes) {
      if (&cause == call) continue;
      double rise = amount(cause);
      for (const auto& known : idle.causes)
        if (known.name == cause.name) rise -= amount(known);
      if (rise > 0) rises.emplace_back(rise, &cause);
    }
    std::stable_sort(rises.begin(), rises.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<const ArmCause*> out;
    for (const auto& [rise, cause] : rises) out.push_back(cause);
    return out;
  }
  /// What causes are ordered by: time lost, where it is known.
  double amount(const ArmCause& cause) const {
    return causes_.timed ? cause.lost_us_per_s : cause.per_s;
  }

  /// "318/s do_kernel_range_flush, 12.1 ms/s, from direct_map: secretmem_fault": how often, what,
  /// the time lost to it, who sent it.
  std::string cause_text(const ArmCause& cause, std::size_t frames) const {
    const bool counted = cause.name.kind != CauseKind::other_task &&
                         cause.name.kind != CauseKind::late_delivery &&
                         cause.name.kind != CauseKind::probe_stopped;
    std::string out = (counted ? short_number(cause.per_s) + "/s " : "") + short_name(cause.name);
    if (causes_.timed)
      out += fmt::format("{} {}/s", counted ? "," : "", words_us(cause.lost_us_per_s));
    if (cause.sender.count == 0) return out;
    const auto& sender = cause.sender;
    out += fmt::format(", {} {}",
                       cause.name.by_ipi ? "from" : fmt::format("{} by", sent_word(cause.name)),
                       ascii(who_text(sender, !cause.name.by_ipi)));
    const auto stack =
        frames == 0 ? std::vector<std::string>{} : informative(sender.frames, frames);
    return stack.empty() ? out : out + ": " + ascii(join(stack, " < "));
  }

  const Findings& findings_;
  const ArmSummary& arm_;
  int threshold_us_;
  std::size_t width_;
  ArmCauses causes_;
  const ArmEffect* effect_ = nullptr;
};

}  // namespace

ArmVerdict verdict_of(const Findings& findings, const ArmSummary& arm, int threshold_us,
                      std::size_t width) {
  return VerdictWriter(findings, arm, threshold_us, width).verdict();
}

}  // namespace isolab
