// SPDX-License-Identifier: Apache-2.0
#include "report/text/cause_cells.h"

#include <fmt/format.h>

#include <optional>

#include "analysis/attribution/interruptions.h"
#include "analysis/model/sender_words.h"
#include "base/text.h"
#include "report/text/arm_causes.h"
#include "report/text/format.h"

namespace isolab {
namespace {

std::string length_cell(const std::optional<double>& us) { return us ? short_us(*us) : "-"; }

/// A task's priority as users set it (kernel/sched/core.c: real-time 99 - prio, nice prio - 120).
std::string priority_text(const CauseRow& cause) {
  if (!cause.prio_least) return {};
  const auto words = [](int prio) {
    return prio < 0     ? std::string("deadline")
           : prio < 100 ? fmt::format("rt {}", 99 - prio)
                        : fmt::format("nice {}", prio - 120);
  };
  const auto least = words(*cause.prio_least), most = words(*cause.prio_most);
  return least == most ? fmt::format(" ({})", least) : fmt::format(" ({} to {})", least, most);
}

}  // namespace

std::string count_text(std::uint64_t value) {
  return value == 0        ? "-"
         : value < 100'000 ? std::to_string(value)
                           : short_number(static_cast<double>(value));
}

std::string label_text(const CauseName& name) {
  const auto klass = name.subclass == name.klass ? name.klass : name.klass + "/" + name.subclass;
  return ascii(fmt::format("  {} {}", klass, name.what));
}

std::string label_text(const CauseRow& cause) {
  return label_text(cause.name) + priority_text(cause);
}

std::string woken_text(const std::vector<WokenRow>& woken) {
  std::vector<std::string> parts;
  for (const auto& task : woken) parts.push_back(fmt::format("{} x {}", task.count, task.comm));
  return parts.empty() ? "" : ", wakes " + join(parts, ", ");
}

std::string sender_text(const SenderRow& sender, std::size_t frames) {
  const auto stack = informative(sender.frames, frames);
  const auto tail = (stack.empty() ? "" : ": " + join(stack, " < ")) + woken_text(sender.woken);
  if (!sender.is_task())
    return fmt::format("{} x {}{}", sender.count, who_text(sender, true), tail);
  const auto who = sender.processes > 1 ? fmt::format("in {} tasks, one is pid {} on CPU {}",
                                                      sender.processes, sender.pid, sender.cpu)
                                        : fmt::format("pid {} on CPU {}", sender.pid, sender.cpu);
  return fmt::format("{} x {}{} ({}){}{}", sender.count, sender.comm,
                     sender.work.empty() ? "" : " running " + sender.work, who,
                     queuers_text(sender, true), tail);
}

std::vector<std::string> causes_header() {
  return {"  class and callback",
          "sends",
          "IPIs",
          "runs",
          "per h",
          "begun",
          "gaps",
          "lost us/s",
          "p50 us",
          "p99 us",
          "max us",
          "seen at s"};
}

std::vector<std::string> cause_cells(const CpuInterruptions& cpu, const CauseRow& cause) {
  const bool is_reschedule = cause.name.kind == CauseKind::reschedule;
  return {label_text(cause),
          count_text(cause.sends),
          count_text(cause.ipis),
          is_reschedule ? "-" : count_text(cause.callbacks),
          short_number(static_cast<double>(is_reschedule ? cause.ipis : cause.callbacks) /
                       cpu.exposure_s * 3600),
          count_text(cause.gaps),
          count_text(cause.parts),
          cpu.heard ? short_number(cause.lost_us / gap_seconds(cpu)) : "-",
          length_cell(cause.p50_us),
          length_cell(cause.p99_us),
          cause.parts == 0 ? "-" : short_us(cause.max_us),
          fmt::format("{:.1f}-{:.1f}", cause.first_s, cause.last_s)};
}

}  // namespace isolab
