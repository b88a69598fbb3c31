// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "probes/contract/observer.h"
#include "probes/contract/probe.h"

namespace isolab {

const std::vector<const ProbeInfo*>& all_probes() {
  static const std::vector<const ProbeInfo*> list{
#define PROBE(name) &probes::name,
#define OBSERVER(name)
#include "probes/probes.def"
#undef PROBE
#undef OBSERVER
  };
  return list;
}

const std::vector<const ObserverInfo*>& all_observers() {
  static const std::vector<const ObserverInfo*> list{
#define PROBE(name)
#define OBSERVER(name) &probes::name,
#include "probes/probes.def"
#undef PROBE
#undef OBSERVER
  };
  return list;
}

const ProbeInfo* find_probe(std::string_view name) {
  for (const auto* info : all_probes())
    if (info->name == name) return info;
  return nullptr;
}

std::string probes_that(bool ProbeInfo::*can) {
  std::string names;
  for (const auto* info : all_probes())
    if (info->*can) append_item(names, ", ", info->name);
  return names;
}

const ObserverInfo* find_observer(std::string_view name) {
  for (const auto* info : all_observers())
    if (info->name == name) return info;
  return nullptr;
}

bool traces(const PluginUse& use) {
  const auto* info = find_observer(use.name);
  return info != nullptr && info->traces;
}

bool is_traced(const std::vector<PluginUse>& observers) {
  return std::any_of(observers.begin(), observers.end(), traces);
}

}  // namespace isolab
