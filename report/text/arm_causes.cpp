// SPDX-License-Identifier: Apache-2.0
#include "report/text/arm_causes.h"

#include <algorithm>

#include "report/text/format.h"

namespace isolab {
namespace {

double budget_seconds(const CpuInterruptions& cpu, const char* part) {
  const auto* found = cpu.budget.find(part);
  return found == nullptr ? 0 : static_cast<double>(found->ticks) / cpu.ticks_per_second;
}

ArmCause& cause_named(std::vector<ArmCause>& causes, const CauseName& name) {
  const auto known = std::find_if(causes.begin(), causes.end(),
                                  [&](const ArmCause& cause) { return cause.name == name; });
  if (known != causes.end()) return *known;
  causes.push_back({name, 0, 0, {}});
  return causes.back();
}

}  // namespace

LostTime lost_time(const CpuInterruptions& cpu) {
  return {
      static_cast<double>(cpu.budget.wall) / cpu.ticks_per_second - budget_seconds(cpu, "useful"),
      budget_seconds(cpu, "unexplained") + budget_seconds(cpu, "late_delivery"),
      budget_seconds(cpu, "outside_kernel")};
}

double gap_seconds(const CpuInterruptions& cpu) {
  return cpu.gaps_dropped == 0 ? cpu.exposure_s : cpu.logged_s;
}

std::string short_name(const CauseName& name) {
  switch (name.kind) {
    case CauseKind::remote_call: return ascii(name.what);
    case CauseKind::other_task: return ascii("task " + name.what);
    case CauseKind::reschedule: return "reschedule IPI";
    case CauseKind::tick: return "tick";
    case CauseKind::late_delivery: return "late delivery";
    default:
      return name.klass == name.what ? ascii(name.what) : ascii(name.klass + " " + name.what);
  }
}

ArmCauses causes_of(const Findings& findings, const std::string& arm) {
  ArmCauses out;
  double exposure_s = 0, logged_s = 0;
  for (const auto& cpu : findings.interruptions.cpus) {
    if (cpu.arm != arm) continue;
    out.traced = true;
    exposure_s += cpu.exposure_s;
    if (cpu.heard) {
      out.timed = true;
      logged_s += gap_seconds(cpu);
      const auto [lost_s, unexplained_s, outside_s] = lost_time(cpu);
      out.lost.lost_s += lost_s;
      out.lost.unexplained_s += unexplained_s;
      out.lost.outside_s += outside_s;
    }
    for (const auto& row : cpu.causes) {
      auto& cause = cause_named(out.causes, row.name);
      cause.per_s += static_cast<double>(row.times());
      cause.lost_us_per_s += row.lost_us;
      if (!row.senders.empty() && row.senders.front().count > cause.sender.count)
        cause.sender = row.senders.front();
    }
  }
  for (auto& cause : out.causes) {
    if (exposure_s > 0) cause.per_s /= exposure_s;
    cause.lost_us_per_s = logged_s > 0 ? cause.lost_us_per_s / logged_s : 0;
  }
  std::stable_sort(out.causes.begin(), out.causes.end(), [](const auto& a, const auto& b) {
    return a.lost_us_per_s != b.lost_us_per_s ? a.lost_us_per_s > b.lost_us_per_s
                                              : a.per_s > b.per_s;
  });
  return out;
}

}  // namespace isolab
