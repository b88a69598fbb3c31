// SPDX-License-Identifier: Apache-2.0
#include "host/facts/cpu_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <tuple>

#include "base/text.h"

namespace isolab {
namespace {

struct CoreType {
  const char* device;
  const char* name;
};

// Strongest first.
constexpr std::array kCoreTypes = {CoreType{"cpu_core", "P-core"}, CoreType{"cpu_atom", "E-core"},
                                   CoreType{"cpu_lowpower", "LP E-core"}};

struct Described {
  int cpu = 0;
  std::size_t rank = 0;  // of its core type; the same for all where there are none
  std::string name;      // core type or part number
  long long strength = 0;
};

/// The core type by the PMU that counts it.
void add_core_types(const Files& files, std::vector<Described>& cpus) {
  for (std::size_t rank = 0; rank < kCoreTypes.size(); ++rank) {
    const auto text = files.read(fmt::format("/sys/devices/{}/cpus", kCoreTypes[rank].device));
    if (!text) continue;
    const auto listed = CpuSet::parse(*text);
    if (!listed) continue;
    for (Described& described : cpus) {
      if (!listed->contains(described.cpu)) continue;
      described.rank = rank;
      described.name = kCoreTypes[rank].name;
    }
  }
}

/// MIDR_EL1: bits 15-4 are the part number.
void add_part(const Files& files, Described& one) {
  const auto text = files.read(
      fmt::format("/sys/devices/system/cpu/cpu{}/regs/identification/midr_el1", one.cpu));
  if (!text || !one.name.empty()) return;
  std::string_view digits = trimmed(*text);
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  std::uint64_t midr = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), midr, 16);
  if (error == std::errc{} && end == digits.data() + digits.size())
    one.name = fmt::format("part {:#05x}", midr >> 4 & 0xfff);
}

/// Whether every CPU has the number; it is stored only then.
bool add_strength(const Files& files, const char* path, std::vector<Described>& cpus) {
  std::vector<long long> values;
  for (const Described& described : cpus) {
    const auto value = read_number(files, fmt::format(fmt::runtime(path), described.cpu));
    if (!value || *value <= 0) return false;
    values.push_back(*value);
  }
  for (std::size_t i = 0; i < cpus.size(); ++i) cpus[i].strength = values[i];
  return true;
}

bool same_kind(const Described& stronger, const Described& weaker) {
  return stronger.rank == weaker.rank && stronger.name == weaker.name &&
         stronger.strength * 4 < weaker.strength * 5 + (weaker.strength == 0 ? 1 : 0);
}

std::string name_of(const std::string& name, const char* unit, long long most, long long least) {
  std::string out = name;
  if (most > 0) {
    append_item(out, ", ", fmt::format("{} {}", unit, least));
    if (least != most) out += fmt::format("-{}", most);
  }
  return out;
}

}  // namespace

std::vector<CpuKind> read_cpu_kinds(const Files& files, const CpuSet& online) {
  std::vector<Described> cpus;
  for (const int cpu : online) cpus.push_back({cpu, 0, "", 0});
  add_core_types(files, cpus);
  for (Described& described : cpus) add_part(files, described);
  const char* unit = "capacity";
  if (!add_strength(files, "/sys/devices/system/cpu/cpu{}/cpu_capacity", cpus) &&
      add_strength(files, "/sys/devices/system/cpu/cpu{}/acpi_cppc/highest_perf", cpus))
    unit = "highest_perf";

  // Kinds of one name stay together until they are cut by strength.
  std::sort(cpus.begin(), cpus.end(), [](const Described& a, const Described& b) {
    return std::tuple(a.rank, a.name, -a.strength, a.cpu) <
           std::tuple(b.rank, b.name, -b.strength, b.cpu);
  });
  struct Group {
    CpuKind kind;
    std::size_t rank = 0;
    long long most = 0;
  };
  std::vector<Group> groups;
  for (std::size_t i = 0; i < cpus.size();) {
    Group group{{}, cpus[i].rank, cpus[i].strength};
    std::size_t j = i;
    do {
      group.kind.cpus.add(cpus[j].cpu);
      ++j;
    } while (j < cpus.size() && same_kind(cpus[j - 1], cpus[j]));
    group.kind.name = name_of(cpus[i].name, unit, cpus[i].strength, cpus[j - 1].strength);
    groups.push_back(std::move(group));
    i = j;
  }
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
    return std::tuple(a.rank, -a.most) < std::tuple(b.rank, -b.most);
  });
  std::vector<CpuKind> kinds;
  for (Group& group : groups) kinds.push_back(std::move(group.kind));
  return kinds;
}

std::string kinds_text(const std::vector<CpuKind>& kinds, const CpuSet& cpus) {
  if (kinds.size() < 2) return {};
  std::vector<const CpuKind*> hit;
  for (const CpuKind& kind : kinds)
    if (!(kind.cpus & cpus).empty()) hit.push_back(&kind);
  if (hit.size() == 1) return hit.front()->name;
  std::string out;
  for (const CpuKind* kind : hit)
    append_item(out, "; ", fmt::format("{}: {}", kind->name, (kind->cpus & cpus).list()));
  return out;
}

}  // namespace isolab
