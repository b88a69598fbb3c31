// SPDX-License-Identifier: Apache-2.0
// The plug-ins as `list` and `show` print them.
#pragma once

#include <string>
#include <vector>

#include "base/params.h"
#include "results/json.h"
#include "workloads/contract/workload.h"

namespace isolab {

/// What the three kinds of plug-in have in common, for printing.
struct PluginEntry {
  std::string kind, name, summary, needs, says;  // says: what it disturbs or what its numbers mean
  std::vector<ParamSpec> params;
  std::vector<CountSpec> counts;
};

/// Workloads, then probes, then observers.
std::vector<PluginEntry> plugin_entries();
std::vector<std::string> plugin_names();
Json to_json(const PluginEntry& entry);

}  // namespace isolab
