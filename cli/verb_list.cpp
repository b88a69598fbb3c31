// SPDX-License-Identifier: Apache-2.0
// The verbs list and show: the plug-ins and what each is.
#include <fmt/format.h>

#include <algorithm>

#include "base/exit_code.h"
#include "base/output.h"
#include "base/text.h"
#include "cli/commands.h"
#include "plan/yaml_tree.h"
#include "probes/contract/observer.h"
#include "probes/contract/probe.h"
#include "report/text/format.h"
#include "results/json.h"
#include "runner/complain.h"
#include "workloads/contract/workload.h"

namespace isolab {
namespace {

/// What the three kinds of plug-in have in common, for printing.
struct Entry {
  std::string kind, name, summary, needs, says;  // says: what it disturbs or what its numbers mean
  std::vector<ParamSpec> params;
  std::vector<CountSpec> counts;
};

std::vector<Entry> entries() {
  std::vector<Entry> all;
  for (const auto* info : all_workloads())
    all.push_back({"workload", info->name, info->summary, info->needs, info->disturbs, info->params,
                   info->counts});
  for (const auto* info : all_probes())
    all.push_back({"probe", info->name, info->summary, info->needs, info->hears, info->params, {}});
  for (const auto* info : all_observers())
    all.push_back({"observer", info->name, info->summary, info->needs, "", info->params, {}});
  return all;
}

Json to_json(const Entry& entry) {
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

std::string indented(const std::string& text, std::size_t by) {
  return wrapped(std::string(by, ' '), by, text);
}

std::string described(const Entry& entry) {
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

}  // namespace

ExitCode list_command(bool json) {
  const auto all = entries();
  if (json) {
    JsonArray items;
    for (const auto& entry : all) items.push_back(to_json(entry));
    print_as_json(print_json(items));
    return ExitCode::done;
  }
  std::string out, kind;
  for (const auto& entry : all) {
    if (entry.kind != kind) out += fmt::format("{}{}s\n", kind.empty() ? "" : "\n", entry.kind);
    kind = entry.kind;
    out += fmt::format("  {:<19} {}\n", entry.name, entry.summary);
  }
  print(out);
  return ExitCode::done;
}

ExitCode show_command(const std::string& name, bool json) {
  const auto all = entries();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Entry& entry) { return entry.name == name; });
  if (found == all.end()) {
    std::vector<std::string> names;
    for (const auto& entry : all) names.push_back(entry.name);
    const std::string nearest = nearest_word(name, names);
    return complain({ErrorKind::usage, "there is no workload, probe or observer \"" + name + "\"",
                     nearest.empty() ? "isolab list names them" : "did you mean " + nearest + "?"});
  }
  if (json) {
    print_as_json(print_json(to_json(*found)));
    return ExitCode::done;
  }
  print(described(*found));
  return ExitCode::done;
}

}  // namespace isolab
