// SPDX-License-Identifier: Apache-2.0
// The verb show: what one plug-in is.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/output.h"
#include "base/text.h"
#include "cli/plugin_entries.h"
#include "cli/shared_options.h"
#include "plan/yaml_tree.h"
#include "report/text/format.h"

namespace isolab {
namespace {

struct ShowOptions {
  std::string name;
  bool json = false;
};

std::string indented(const std::string& text, std::size_t by) {
  return wrapped(std::string(by, ' '), by, text);
}

std::string described(const PluginEntry& entry) {
  std::string out =
      fmt::format("{} ({})\n{}\n", entry.name, entry.kind, indented(entry.summary, 2));
  if (!entry.says.empty())
    out += fmt::format("{}\n{}\n",
                       entry.kind == "workload" ? "what it disturbs" : "what its numbers mean",
                       indented(entry.says, 2));
  out += fmt::format("needs\n{}\n", indented(entry.needs, 2));
  if (!entry.counts.empty()) out += "counts\n";
  for (const auto& count : entry.counts)
    out += fmt::format("  {:<18} {}\n", count.name, count.summary);
  out += fmt::format("{}parameters{}\n", entry.counts.empty() ? "" : "\n",
                     entry.params.empty() ? ": none" : "");
  for (const auto& spec : entry.params) {
    const std::string fallback = join(spec.fallback, " ");
    std::string choices;
    for (const auto& word : spec.choices) choices += (choices.empty() ? " (" : ", ") + word;
    if (!spec.least.empty()) choices = " (" + range_text(spec);
    out += fmt::format("  {:<18} {}, default {}\n{}", spec.name, to_string(spec.type),
                       fallback.empty() ? "empty" : fallback,
                       indented(spec.summary + (choices.empty() ? "" : choices + ")"), 21));
  }
  return out;
}

Result<ExitCode> show(const ShowOptions& options) {
  const auto all = plugin_entries();
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const PluginEntry& entry) { return entry.name == options.name; });
  if (found == all.end()) {
    const std::string nearest = nearest_word(options.name, plugin_names());
    return Error{ErrorKind::usage,
                 "there is no workload, probe or observer \"" + options.name + "\"",
                 nearest.empty() ? "isolab list names them" : "did you mean " + nearest + "?"};
  }
  options.json ? print_as_json(print_json(to_json(*found))) : print(described(*found));
  return ExitCode::done;
}

}  // namespace

Verb verb_show() {
  const auto options = std::make_shared<ShowOptions>();
  return {"show",
          "describe a workload, probe or observer: what it does, needs, counts, and its "
          "parameters",
          {json_flag(options->json),
           Option{"name", &options->name, "a name of `isolab list`"}.require().names_a(
               ValueKind::plug_in)},
          [options](const Call&) { return show(*options); }};
}

}  // namespace isolab
