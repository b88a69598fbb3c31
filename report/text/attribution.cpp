// SPDX-License-Identifier: Apache-2.0
#include "report/text/attribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "analysis/attribution/interruptions.h"
#include "analysis/model/sender_words.h"
#include "base/text.h"
#include "report/text/arm_causes.h"
#include "report/text/cause_cells.h"
#include "report/text/format.h"

namespace isolab {

namespace {

constexpr std::size_t kCausesShown = 10;
constexpr std::size_t kSendersShown = 2;
constexpr std::size_t kFramesShown = 4;
constexpr std::size_t kBriefFrom = 4;  // more arms and CPUs than this are abridged
constexpr std::size_t kBriefCauses = 3;

std::string plural(std::uint64_t value, const char* word) {
  return fmt::format("{} {}{}", value, word, value == 1 ? "" : "s");
}
std::string percent(double part, double whole) {
  return whole <= 0 ? "-" : fmt::format("{:.1f} %", 100 * part / whole);
}

double gaps_of(const CpuInterruptions& cpu, const char* part) {
  const auto* found = cpu.budget.find(part);
  return found == nullptr ? 0 : static_cast<double>(found->gaps);
}

double unexplained_gaps(const CpuInterruptions& cpu) {
  return gaps_of(cpu, "unexplained") + gaps_of(cpu, "late_delivery");
}

std::string causes_table(const CpuInterruptions& cpu) {
  TextTable table(causes_header(), 26);
  // What other CPUs did comes first: on a CPU that is not isolated its own tasks would hide it.
  std::size_t left_out = 0;
  for (const bool by_ipi : {true, false}) {
    std::size_t shown = 0;
    for (const auto& one : cpu.causes) {
      if (one.name.by_ipi != by_ipi) continue;
      if (shown++ >= kCausesShown) {
        ++left_out;
        continue;
      }
      table.row(cause_cells(cpu, one));
    }
  }
  std::string out = table.text();
  if (left_out != 0) out += fmt::format("  and {} more: isolab report --json\n", left_out);
  return out;
}

/// A timer or NMI of perf events: perf_swevent_hrtimer, perf_event_nmi_handler ...
bool is_perf(const CauseName& name) { return name.what.starts_with("perf_"); }

/// Who sent, queued, armed or raised each cause, where that is known; all of the stack where no
/// rule knew it.
std::string senders_text(const CpuInterruptions& cpu) {
  std::string out;
  for (const auto& one : cpu.causes) {
    const bool samples = is_perf(one.name) && !cpu.perf_holders.empty();
    if (one.senders.empty() && one.woken.empty() && !samples) continue;
    const bool unknown = one.name.klass == "unknown";
    const bool local = !one.name.by_ipi;  // not another CPU's senders, which have their own tasks
    out += label_text(one.name);
    if (unknown) out += " (no rule names it)";
    if (local && !one.senders.empty()) out += fmt::format(" ({} by)", sent_word(one.name));
    if (local || one.senders.empty()) out += woken_text(one.woken);
    out += "\n";
    if (samples)
      out += wrapped("    ", 6, ascii("open perf events: " + join(cpu.perf_holders, ", ")));
    for (std::size_t i = 0; i < std::min(one.senders.size(), kSendersShown); ++i)
      out += wrapped("    ", 6, ascii(sender_text(one.senders[i], unknown ? 32 : kFramesShown)));
  }
  return out.empty() ? out : "  senders and the tasks they wake\n" + out;
}

std::string deferrable_text(const CpuInterruptions& cpu) {
  const auto& one = cpu.deferrable;
  std::string out = wrapped(
      "  ", 4,
      fmt::format("deferrable until the next kernel entry: {} of {} interruptions, {} of "
                  "the lost time ({}/s)",
                  one.interruptions, one.all_interruptions, percent(one.lost_us, one.all_lost_us),
                  words_us(one.lost_us / gap_seconds(cpu))));
  std::set<std::string> told;
  for (const auto& cause : cpu.causes)
    if (cause.name.deferrable != "no" && cause.gaps != 0 && told.insert(cause.name.klass).second)
      out += wrapped("    ", 6,
                     fmt::format("{} ({}; {}): {}", cause.name.klass, cause.name.lpc_name,
                                 cause.name.deferrable, cause.name.reason));
  return out;
}

std::string silent_text(const CpuInterruptions& cpu) {
  std::string out;
  for (const auto& one : cpu.silent) {
    const auto what = fmt::format("{} gaps {} without any kernel event ({})", one.gaps, one.lengths,
                                  words_us(one.lost_us));
    if (one.periods.empty()) {
      out += wrapped("  ", 4, what + ": no period found, unexplained");
      continue;
    }
    out += wrapped("  ", 4,
                   fmt::format("{}: {} in phase with a timer outside the kernel, hypervisor or "
                               "firmware; {} unexplained",
                               what, one.in_phase, one.gaps - one.in_phase));
    for (const auto& period : one.periods)
      out += wrapped("    ", 6,
                     fmt::format("every {:.4f} ms (phase {:.3f} ms, {:.1f} % in 4 % of the period; "
                                 "by chance 1 in 10^{:.0f})",
                                 period.period_ns / 1e6, period.phase_ns / 1e6, 100 * period.share,
                                 -period.log10_chance));
  }
  return out;
}

std::string late_text(const CpuInterruptions& cpu) {
  const auto& late = cpu.late;
  if (late.us <= 0) return {};
  return wrapped(
      "  ", 4,
      fmt::format("late delivery: {} around interrupts without a traced event; {} are periodic (a "
                  "timer outside the kernel), the steal counter accounts for {} of the rest",
                  words_us(late.us), words_us(late.in_phase_us), words_us(late.stolen_us)));
}

std::string probe_wakeups_text(const CpuInterruptions& cpu) {
  if (cpu.probe_wakeups == 0) return {};
  return fmt::format("  {} of the reschedule IPIs wake the probe itself\n", cpu.probe_wakeups);
}

std::string smi_text(const CpuInterruptions& cpu) {
  if (cpu.smis) return fmt::format("  system management interrupts (firmware): {}\n", *cpu.smis);
  if (cpu.smis_unknown.empty()) return "";
  return wrapped("  ", 4, "system management interrupts (firmware): " + cpu.smis_unknown);
}

std::string budget_table(const CpuInterruptions& cpu) {
  TextTable table({"  noise budget", "seconds", "us per s", "of wall", "gaps"}, 34);
  const double wall = static_cast<double>(cpu.budget.wall) / cpu.ticks_per_second;
  for (const auto& part : cpu.budget.parts) {
    if (part.ticks == 0 && part.gaps == 0) continue;
    const double seconds = static_cast<double>(part.ticks) / cpu.ticks_per_second;
    auto name = part.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    table.row({"  " + name, fmt::format("{:.6f}", seconds),
               fmt::format("{:.1f}", 1e6 * seconds / wall),
               fmt::format("{:.4f} %", 100 * seconds / wall), count_text(part.gaps)});
  }
  table.row({"  sum = wall time",
             fmt::format("{:.6f}", static_cast<double>(cpu.budget.sum()) / cpu.ticks_per_second),
             "", "100 %", ""});
  return table.text();
}

std::string checks_text(const CpuInterruptions& cpu) {
  std::vector<std::string> parts;
  for (const auto& one : cpu.checks)
    parts.push_back(fmt::format("{} {} = {} {}{}", one.what, one.traced, one.row, one.counted,
                                one.agrees() ? "" : " DISAGREES"));
  parts.push_back(fmt::format("{} of {} remote callbacks joined to their sender",
                              cpu.callbacks_joined, cpu.callbacks));
  if (cpu.heard)
    parts.push_back(
        fmt::format("{} of {} events are in a gap", cpu.events - cpu.events_outside, cpu.events));
  return wrapped("  checks: ", 4, join(parts, "; "));
}

/// The checks in full only where one of them fails.
std::string brief_checks(const CpuInterruptions& cpu) {
  const bool agree = cpu.callbacks_joined == cpu.callbacks &&
                     std::all_of(cpu.checks.begin(), cpu.checks.end(),
                                 [](const auto& one) { return one.agrees(); });
  return agree ? fmt::format(
                     "  checks: all {} agree with /proc/interrupts; {} remote callbacks, each "
                     "joined to its sender\n",
                     cpu.checks.size(), cpu.callbacks)
               : checks_text(cpu);
}

std::string cpu_text(const CpuInterruptions& cpu) {
  std::string out =
      ascii(fmt::format("{}, CPU {}, {} traced", cpu.arm, cpu.cpu, short_span(cpu.exposure_s))) +
      "\n";
  if (cpu.heard) {
    const LostTime time = lost_time(cpu);
    const auto gaps = static_cast<double>(cpu.gaps);
    out += wrapped("  ", 4,
                   fmt::format("UNEXPLAINED: {} of the lost time, {} of the {} gaps",
                               percent(time.unexplained_s, time.lost_s),
                               percent(unexplained_gaps(cpu), gaps), cpu.gaps));
    out +=
        wrapped("  ", 4,
                fmt::format("explained by kernel events: {} of the lost time, {} of the gaps over "
                            "1 us; outside the kernel: {} and {}",
                            percent(cpu.explained_us, cpu.lost_us),
                            percent(static_cast<double>(cpu.explained_over_1us),
                                    static_cast<double>(cpu.gaps_over_1us)),
                            percent(time.outside_s, time.lost_s),
                            percent(gaps_of(cpu, "outside_kernel"), gaps)));
  }
  out += wrapped("  ", 4,
                 fmt::format("{} calls queued, {} IPIs sent, {} function-call + {} reschedule IPIs "
                             "received, {} remote callbacks run",
                             cpu.calls_queued, cpu.ipis_sent, cpu.function_ipis,
                             cpu.reschedule_ipis, cpu.callbacks));
  out += probe_wakeups_text(cpu) + causes_table(cpu) + senders_text(cpu);
  if (!cpu.heard) return out + checks_text(cpu);
  const double parts = cpu.before_us + cpu.traced_us + cpu.after_us;
  out += deferrable_text(cpu) + budget_table(cpu) + silent_text(cpu) + late_text(cpu);
  out += smi_text(cpu);
  if (parts > 0)
    out += wrapped("  ", 4,
                   fmt::format("explained gaps: {} before the first event (delivery), {} "
                               "between first and last, {} after",
                               percent(cpu.before_us, parts), percent(cpu.traced_us, parts),
                               percent(cpu.after_us, parts)));
  if (cpu.event_cost_ns > 0)
    out += wrapped("  ", 4,
                   fmt::format("the trace itself: {} events in gaps, each at least {:.0f} ns "
                               "(measured before the windows): {} of the time lost",
                               cpu.events - cpu.events_outside, cpu.event_cost_ns,
                               percent(100 * cpu.trace_share(), 100)));
  return out + checks_text(cpu);
}

/// One arm and CPU in a few lines: the shares, what other CPUs did with its first sender, what took
/// most of the time, what could wait, and whether the counters agree.
std::string brief_text(const CpuInterruptions& cpu) {
  const LostTime time = lost_time(cpu);
  std::string out =
      ascii(fmt::format("{}, CPU {}, {} traced", cpu.arm, cpu.cpu, short_span(cpu.exposure_s)));
  if (cpu.heard)
    out += fmt::format(": UNEXPLAINED {} of the lost time ({} of the gaps), outside the kernel {}",
                       percent(time.unexplained_s, time.lost_s),
                       percent(unexplained_gaps(cpu), static_cast<double>(cpu.gaps)),
                       percent(time.outside_s, time.lost_s));
  out = wrapped("", 2, out);
  std::size_t shown = 0;
  for (const auto& one : cpu.causes) {
    const auto times = one.times();
    if (!one.name.by_ipi || times == 0 || ++shown > kBriefCauses) continue;
    std::string line = fmt::format("{} {}", plural(times, times == one.ipis ? "IPI" : "run"),
                                   label_text(one.name).substr(2));
    if (cpu.heard)
      line += fmt::format(" in {}, {}/s lost", plural(one.parts, "gap"),
                          words_us(one.lost_us / gap_seconds(cpu)));
    if (one.p50_us) line += fmt::format(", p50 {}", words_us(*one.p50_us));
    if (!one.senders.empty())
      line += "; from " + ascii(sender_text(one.senders.front(), kFramesShown));
    out += wrapped("  ", 4, line);
  }
  std::string own;
  shown = 0;
  for (const auto& one : cpu.causes)
    if (!one.name.by_ipi && (cpu.heard ? one.lost_us > 0 : one.times() > 0) &&
        ++shown <= kBriefCauses)
      append_item(own, ", ",
                  (cpu.heard ? fmt::format("{} {}/s", label_text(one).substr(2),
                                           words_us(one.lost_us / gap_seconds(cpu)))
                             : fmt::format("{} x {}", one.times(), label_text(one).substr(2))));
  if (!own.empty()) out += wrapped("  ", 4, "local causes: " + own);
  const bool samples = std::any_of(cpu.causes.begin(), cpu.causes.end(),
                                   [](const auto& one) { return is_perf(one.name); });
  if (samples && !cpu.perf_holders.empty())
    out += wrapped("  ", 4, ascii("open perf events: " + join(cpu.perf_holders, ", ")));
  if (!cpu.heard || cpu.deferrable.interruptions == 0) return out + brief_checks(cpu);
  return out +
         fmt::format("  deferrable: {} of {} interruptions, {} of the lost time\n",
                     cpu.deferrable.interruptions, cpu.deferrable.all_interruptions,
                     percent(cpu.deferrable.lost_us, cpu.deferrable.all_lost_us)) +
         brief_checks(cpu);
}

std::string effects_text(const Interruptions& all) {
  std::string out;
  for (const auto& one : all.effects)
    out += wrapped(
        "  " + ascii(one.arm) + ": ", 4,
        fmt::format("gaps over 1 us p50 {} traced, {} untraced: {:+.1f} % [{:+.1f}, {:+.1f}]; "
                    "{} per s against {}: {:+.1f} % [{:+.1f}, {:+.1f}]",
                    words_us(one.traced_p50_us), words_us(one.untraced_p50_us), one.p50_percent(),
                    one.p50_low_percent, one.p50_high_percent, short_number(one.traced_per_s),
                    short_number(one.untraced_per_s), one.rate_percent(), one.rate_low_percent,
                    one.rate_high_percent));
  return out.empty() ? out
                     : "What the trace itself costs (95 % intervals; the machine's drift between "
                       "windows is in it)\n" +
                           out;
}

std::string levels_text(const Interruptions& all) {
  std::map<std::string, int> levels;
  std::set<std::string> reasons;
  std::uint64_t own = 0, lost = 0;
  for (const auto& one : all.windows) {
    ++levels[one.level + (one.clock.empty() ? ", nothing traced" : ", clock " + one.clock)];
    reasons.insert(one.reasons.begin(), one.reasons.end());
    own += one.own_ipis, lost += one.lost;
  }
  std::string out;
  for (const auto& [level, windows] : levels)
    out += fmt::format("Trace level {} in {} windows\n", level, windows);
  out += fmt::format("{} events lost; isolab's own processes sent {} IPIs in the windows\n", lost,
                     own);
  for (const auto& reason : reasons)
    if (!reason.empty()) out += wrapped("  ", 4, ascii(reason));
  return out;
}

}  // namespace

std::string interruptions_text(const Findings& findings, bool full) {
  const auto& all = findings.interruptions;
  if (!all.any()) return {};
  std::string out = levels_text(all);
  const bool brief = !full && all.cpus.size() > kBriefFrom;
  if (brief)
    out += "Abridged. Each arm and CPU in full: isolab report DIR --section causes --full\n";
  for (const auto& cpu : all.cpus) out += "\n" + (brief ? brief_text(cpu) : cpu_text(cpu));
  if (const auto effects = effects_text(all); !effects.empty()) out += "\n" + effects;
  return out;
}

}  // namespace isolab
