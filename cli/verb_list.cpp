// SPDX-License-Identifier: Apache-2.0
// The verb list: the names of all plug-ins.
#include <fmt/format.h>

#include <memory>

#include "base/output.h"
#include "cli/plugin_entries.h"
#include "cli/shared_options.h"

namespace isolab {
namespace {

void print_list(bool json) {
  JsonArray items;
  std::string text, kind;
  for (const auto& entry : plugin_entries()) {
    items.push_back(to_json(entry));
    if (entry.kind != kind) text += fmt::format("{}{}s\n", kind.empty() ? "" : "\n", entry.kind);
    kind = entry.kind;
    text += fmt::format("  {:<19} {}\n", entry.name, entry.summary);
  }
  json ? print_as_json(print_json(items)) : print(text);
}

}  // namespace

Verb verb_list() {
  const auto json = std::make_shared<bool>(false);
  return {"list",
          "list workloads, probes and observers",
          {json_flag(*json)},
          [json](const Call&) -> Result<ExitCode> {
            print_list(*json);
            return ExitCode::done;
          }};
}

}  // namespace isolab
