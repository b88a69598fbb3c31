// SPDX-License-Identifier: Apache-2.0
// The one text of a profile that its hash is taken of.
#include "base/digest.h"
#include "plan/profile.h"

namespace isolab {
namespace {

void print_use(std::string& out, const char* indent, const PluginUse& use) {
  out += std::string(indent) + use.name + "\n";
  for (const auto& [name, value] : use.params) {
    out += std::string(indent) + "  " + name + "=";
    for (const auto& item : value)
      out += std::to_string(item.size()) + ":" + item;  // no two lists print alike
    out += "\n";
  }
}

}  // namespace

std::string canonical_text(const Profile& profile) {
  std::string out = "isolab profile 1\nname " + profile.name + "\nmeasured " + profile.measured +
                    "\nhousekeeping " + profile.housekeeping + "\n";
  if (profile.isolation)
    out += "isolation " + profile.isolation->cpus.list() + " " + profile.isolation->via + "\n";
  out += "probe\n";
  print_use(out, "  ", profile.probe);
  for (const auto& arm : profile.arms) {
    out += "arm " + arm.name + "\n";
    for (const auto& use : arm.workloads) print_use(out, "  ", use);
    for (const auto& setting : arm.settings)
      out += "  set " + setting.path + "=" + setting.value + "\n";
    for (const auto& use : arm.observers) print_use(out, "  observe ", use);
    if (arm.untraced_run) out += "  untraced_run\n";
    if (arm.boot)
      out += "  kernel " + arm.boot->kernel + "\n  cmdline+ " + arm.boot->cmdline + "\n";
  }
  for (const auto& axis : profile.matrix) {
    out += "axis " + axis.workload + "." + axis.param;
    for (const auto& value : axis.values)
      for (const auto& item : value) out += " " + std::to_string(item.size()) + ":" + item;
    out += "\n";
  }
  out += "repeats " + std::to_string(profile.repeats) + "\nwarmup " + print(profile.warmup) +
         "\nmeasure " + print(profile.measure) + "\norder " + profile.order + "\nseed " +
         std::to_string(profile.seed) + "\n";
  for (const auto& budget : profile.budgets)
    out += "budget " + budget.metric + " " + budget.arm + " " + budget.limit_text + "\n";
  return out;
}

std::string profile_hash(const Profile& profile) { return sha256_hex(canonical_text(profile)); }

}  // namespace isolab
