// SPDX-License-Identifier: Apache-2.0
#include "cli/plugin_entries.h"

#include "probes/contract/observer.h"
#include "probes/contract/probe.h"

namespace isolab {

std::vector<PluginEntry> plugin_entries() {
  std::vector<PluginEntry> all;
  for (const auto* info : all_workloads())
    all.push_back({"workload", info->name, info->summary, info->needs, info->disturbs, info->params,
                   info->counts});
  for (const auto* info : all_probes())
    all.push_back(
        {"probe", info->name, info->summary, info->needs, info->measures, info->params, {}});
  for (const auto* info : all_observers())
    all.push_back({"observer", info->name, info->summary, info->needs, "", info->params, {}});
  return all;
}

Json to_json(const PluginEntry& entry) {
  JsonArray params, counts;
  for (const auto& spec : entry.params) {
    JsonArray fallback, choices;
    for (const auto& item : spec.fallback) fallback.push_back(item);
    for (const auto& word : spec.choices) choices.push_back(word);
    params.push_back(JsonObject{{"name", spec.name},
                                {"type", to_string(spec.type)},
                                {"default", fallback},
                                {"summary", spec.summary},
                                {"choices", choices},
                                {"least", spec.least},
                                {"most", spec.most}});
  }
  for (const auto& count : entry.counts)
    counts.push_back(JsonObject{{"name", count.name}, {"summary", count.summary}});
  return JsonObject{{"kind", entry.kind},
                    {"name", entry.name},
                    {"summary", entry.summary},
                    {"needs", entry.needs},
                    {"disturbs_or_hears", entry.says},
                    {"parameters", params},
                    {"counts", counts}};
}

}  // namespace isolab
