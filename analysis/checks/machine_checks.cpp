// SPDX-License-Identifier: Apache-2.0
// Warnings from the machine's facts, and from what changed in them while the run went on.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analysis/checks/checks.h"

namespace isolab {
namespace {

/// Facts that move on their own; their change says nothing.
constexpr std::array kMoving = {"memory.available_bytes", "memory.direct_map_"};
constexpr std::size_t kChangesShown = 4;

std::string fact(const Facts& facts, const std::string& key) {
  const auto found = facts.find(key);
  return found == facts.end() || found->second.starts_with("unknown:") ||
                 found->second.starts_with("not applicable:")
             ? ""
             : found->second;
}

bool moves(const std::string& key) {
  return std::any_of(kMoving.begin(), kMoving.end(),
                     [&](const char* prefix) { return key.starts_with(prefix); });
}

bool warned_of(const Recording& recording, WarningId id) {
  const auto& warnings = recording.manifest.warnings;
  return std::any_of(warnings.begin(), warnings.end(),
                     [&](const Warning& warning) { return warning.id == warning_word(id); });
}

/// hwloc's cores: "topology.core.0" = "0,64".
void check_siblings(const Recording& recording, WarningList& out) {
  for (const auto& [key, list] : recording.facts) {
    if (!key.starts_with("topology.core.")) continue;
    const auto threads = CpuSet::parse(list);
    if (!threads || threads->count() < 2) continue;
    for (const int cpu : *threads& recording.plan.measured)
      out.add(
          make_warning(WarningId::smt_sibling, fmt::format("CPU {} shares its core with CPU {}",
                                                           cpu, (*threads - CpuSet{cpu}).list())),
          "");
  }
}

void check_changes(const Recording& recording, WarningList& out) {
  if (recording.facts_after.empty()) return;
  std::vector<std::string> changes;
  for (const auto& [key, before] : recording.facts) {
    const auto after = recording.facts_after.find(key);
    if (moves(key)) continue;
    if (after == recording.facts_after.end())
      changes.push_back(key + " is missing");
    else if (after->second != before)
      changes.push_back(fmt::format("{}: {} -> {}", key, before, after->second));
  }
  if (changes.empty()) return;
  std::string seen = changes.front();
  for (std::size_t i = 1; i < std::min(changes.size(), kChangesShown); ++i)
    seen += "; " + changes[i];
  if (changes.size() > kChangesShown)
    seen += fmt::format("; and {} more", changes.size() - kChangesShown);
  out.add(make_warning(WarningId::facts_changed, seen), "");
}

}  // namespace

void add_machine_warnings(const Recording& recording, WarningList& out) {
  const auto& plan = recording.plan;
  if (!plan.measured_isolated && !recording.manifest.imported)
    out.add(make_warning(WarningId::measured_not_isolated,
                         fmt::format("CPU {} was measured and is not isolated ({})",
                                     plan.measured.list(), plan.measured_why)),
            "");
  if (const auto why = fact(recording.facts, "cpu.emulated"); why.starts_with("yes"))
    out.add(
        make_warning(WarningId::emulated, why.substr(why.find(": ") + 2) + " emulates the CPUs"),
        "");
  else if (const auto name = fact(recording.facts, "cpu.hypervisor");
           !name.empty() && name != "none")
    out.add(make_warning(WarningId::hypervisor, "the kernel runs under " + name), "");
  if (const auto governor = fact(recording.facts, "cpu.governor");
      !governor.empty() && governor != "performance")
    out.add(make_warning(WarningId::governor, "frequency governor: " + governor), "");
  if (!warned_of(recording, WarningId::smt_sibling)) check_siblings(recording, out);
  check_changes(recording, out);
}

}  // namespace isolab
