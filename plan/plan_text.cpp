// SPDX-License-Identifier: Apache-2.0
#include "plan/plan_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/output.h"
#include "base/text.h"
#include "plan/arm_boots.h"
#include "probes/contract/observer.h"
#include "probes/contract/probe.h"
#include "workloads/contract/workload.h"

namespace isolab {
namespace {

std::string joined(const ParamValue& value) {
  std::string out;
  for (const auto& item : value) append_item(out, " ", visible_line(item));
  return value.size() == 1 ? out : "[" + out + "]";
}

}  // namespace

std::string render_use(const PluginUse& use, const std::vector<ParamSpec>& specs, bool all) {
  std::string out = use.name;
  const char* separator = ": ";
  for (const auto& spec : specs) {
    const auto found = use.params.find(spec.name);
    if (found == use.params.end() || (!all && found->second == spec.fallback)) continue;
    out += separator + spec.name + "=" + joined(found->second);
    separator = ", ";
  }
  return out;
}

namespace {

/// Which boots the arms need, and which of them this is.
std::string render_boots(const Plan& plan) {
  std::string out;
  for (const auto& boot : boots_of(plan.arms)) {
    std::string names;
    bool here = false;
    for (const auto& arm : plan.arms) {
      if (arm.boot.value_or(PlannedBoot{}) != boot.needs) continue;
      append_item(names, ", ", visible_line(arm.name));
      // Here unless the boot is what is missing; a workload may be, too.
      here = here || arm.not_applicable.empty();
    }
    out += fmt::format("{:<13} {}: {}{}\n", out.empty() ? "boots" : "",
                       visible_line(boot_text(boot.needs)), names, here ? "  (this boot)" : "");
  }
  return out;
}

}  // namespace

std::string render_plan(const Plan& plan) {
  std::string out =
      fmt::format("plan          {}\nquestion      {}\nprofile hash  {}\n", visible_line(plan.name),
                  visible_line(plan.question), plan.profile_hash);
  out += fmt::format("measured      CPU {} ({}){}\n", plan.measured.list(), plan.measured_why,
                     plan.measured_isolated ? "" : "  ** NOT ISOLATED **");
  out += fmt::format("housekeeping  CPU {}\n", plan.housekeeping.list());
  if (plan.isolation)
    out += fmt::format("isolation     CPU {} via {}\n", plan.isolation->cpus.list(),
                       plan.isolation->via);
  const auto* probe = find_probe(plan.probe.name);
  out += "probe         " +
         (probe ? render_use(plan.probe, probe->params, true) : std::string("none")) + "\n";
  out += fmt::format("design        {} arms x {} repeats, {}, seed {}; warm-up {}, window {}\n",
                     plan.arms.size(), plan.repeats, plan.order, plan.seed, print(plan.warmup),
                     print(plan.measure));
  out += plan.windows.empty() ? "duration      no arm can run here\n"
                              : fmt::format("duration      about {} for {} windows\n",
                                            human_span(plan.duration), plan.windows.size());
  if (names_boots(plan.arms)) out += render_boots(plan);
  for (const auto& budget : plan.budgets)
    out += fmt::format("budget        {}{} <= {}: {}\n", budget.metric,
                       budget.arm.empty() ? "" : " of " + visible_line(budget.arm),
                       visible_line(budget.limit_text), visible_line(budget.reason));
  out += "\n";
  for (const auto& arm : plan.arms) {
    out += "arm " + visible_line(arm.name) + "\n";
    if (arm.boot) out += "  " + visible_line(boot_text(*arm.boot)) + "\n";
    if (!arm.not_applicable.empty())
      out += "  not applicable: " + visible_line(arm.not_applicable) + "\n";
    for (const auto& use : arm.workloads)
      if (const auto* info = find_workload(use.name))
        out += "  " + render_use(use, info->params, true) + "\n";
    for (const auto& setting : arm.settings)
      out += "  " + visible_line(setting.path) + " = " + visible_line(setting.value) + "\n";
    std::string observers;
    for (const auto& use : arm.observers)
      if (const auto* info = find_observer(use.name))
        append_item(observers, "; ", render_use(use, info->params, false));
    out += "  observed by " + (observers.empty() ? "nobody" : observers) + "\n";
  }
  if (plan.windows.empty()) return out;
  out += "\nwindows in order:";
  std::size_t column = 100;
  for (const auto& window : plan.windows) {
    const std::string word =
        fmt::format(" {}#{}", visible_line(plan.arms[static_cast<std::size_t>(window.arm)].name),
                    window.repeat + 1);
    if (column + word.size() > 98) {
      out += "\n ";
      column = 1;
    }
    out += word;
    column += word.size();
  }
  return out + "\n";
}

std::string render_expectations(const Plan& plan, Host host) {
  std::vector<std::pair<std::string, std::string>> by_source;  // in the order of the arms
  for (const auto& arm : plan.arms) {
    if (!arm.not_applicable.empty()) continue;
    for (const auto& use : arm.workloads) {
      const auto* info = find_workload(use.name);
      const auto expected = info ? info->expected(use.params, host, kArch) : std::nullopt;
      if (!expected) continue;
      const std::string line = fmt::format(
          "  {}{}: {} {}\n", visible_line(arm.name), arm.name == use.name ? "" : ": " + use.name,
          expected->per_op ? fmt::format("{:.3g}", *expected->per_op) : "unknown", expected->row);
      const auto source = std::find_if(by_source.begin(), by_source.end(), [&](const auto& one) {
        return one.first == expected->source;
      });
      if (source == by_source.end())
        by_source.emplace_back(expected->source, line);
      else
        source->second += line;
    }
  }
  std::string out;
  for (const auto& [source, lines] : by_source)
    out += lines + (source.empty() ? "" : "    " + source + "\n");
  return out.empty() ? "" : "\nIPIs expected per operation on each measured CPU\n" + out;
}

}  // namespace isolab
