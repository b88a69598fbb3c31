// SPDX-License-Identifier: Apache-2.0
#include "runner/profile.h"

#include <algorithm>
#include <functional>

#include "base/cpu_set.h"
#include "probes/observer.h"
#include "probes/probe.h"
#include "runner/profile_parts.h"
#include "workloads/workload.h"

namespace isolab {
namespace {

using Kind = YamlNode::Kind;

/// Walks the tree beside the keys it knows and notes everything that is wrong.
class Reader : ProfileValues {
 public:
  explicit Reader(Diagnostics& diagnostics) : ProfileValues(diagnostics) {}

  Profile read(const YamlNode& root) {
    Profile profile;
    if (root.kind != Kind::map) {
      wrong(root, "a profile is a map of keys, this is " + std::string(root.kind_word()),
            "name:, arms:, design: ...");
      return profile;
    }
    check_keys(root, {"schema", "name", "question", "cpus", "isolation", "probe", "observe", "arms",
                      "matrix", "design", "budget"});
    if (const auto* node = root.find("schema"); node != nullptr && node->scalar != "1")
      wrong(*node, "schema \"" + node->scalar + "\" is not known here", "1");
    profile.name = required_text(root, "name");
    profile.question = required_text(root, "question");
    if (const auto* node = root.find("cpus")) read_cpus(*node, profile);
    if (const auto* node = root.find("isolation")) read_isolation(*this, *node, profile);
    profile.probe = read_probe(root);
    profile.observers = read_observers(root.find("observe"));
    if (const auto* node = root.find("design"))
      read_design(*this, *node, profile);
    else
      wrong(root, "design: is missing", "design: {measure: 10s}");
    read_arms(root, profile);
    if (const auto* node = root.find("matrix")) read_matrix(*this, *node, profile);
    if (const auto* node = root.find("budget")) read_budget(*this, *node, profile);
    return profile;
  }

 private:
  void read_cpus(const YamlNode& node, Profile& profile) {
    if (!is_map(node, "cpus", "cpus: {measured: auto, housekeeping: auto}")) return;
    check_keys(node, {"measured", "housekeeping"});
    const auto one = [&](const char* key, const std::vector<std::string>& words, std::string& out,
                         Place& place) {
      const auto* value = node.find(key);
      if (value == nullptr) return;
      place = value->place;
      out = value->scalar;
      if (std::find(words.begin(), words.end(), out) != words.end()) return;
      if (value->kind != Kind::scalar || out.empty() || !CpuSet::parse(out))
        wrong(*value,
              std::string(key) + ": \"" + value->scalar +
                  "\" is neither a CPU list nor a word known here",
              joined_words(words) + " or a list like 2-5,8", nearest_word(out, words));
    };
    one("measured", {"auto", "isolated"}, profile.measured, profile.measured_place);
    one("housekeeping", {"auto", "housekeeping"}, profile.housekeeping, profile.housekeeping_place);
    if (profile.housekeeping == "housekeeping") profile.housekeeping = "auto";
  }

  /// "name" or {name: {param: value}} -> a use with every parameter resolved.
  template <class Info>
  PluginUse read_use(const YamlNode& node, const char* what, const std::vector<const Info*>& all,
                     const std::string& also_known = {}) {
    PluginUse use;
    const YamlNode* params = nullptr;
    Place place = node.place;
    if (node.kind == Kind::scalar) {
      use.name = node.scalar;
    } else if (node.kind == Kind::map && node.entries.size() == 1) {
      use.name = node.entries[0].first;
      place = node.key_places[0];
      params = &node.entries[0].second;
    } else {
      wrong(node, std::string(what) + " is " + node.kind_word(),
            "a name, or a name with its parameters: {name: {rate: 100/s}}");
      return use;
    }
    std::vector<std::string> names;
    const Info* info = nullptr;
    for (const auto* candidate : all) {
      names.push_back(candidate->name);
      if (candidate->name == use.name) info = candidate;
    }
    if (info == nullptr) {
      if (!also_known.empty()) names.push_back(also_known);
      diagnostics().add(place, "unknown " + std::string(what) + " \"" + use.name + "\"",
                        "one of " + joined_words(names), nearest_word(use.name, names));
      return use;
    }
    use.params = read_params(params, info->params);
    return use;
  }

  PluginUse read_probe(const YamlNode& root) {
    const auto* node = root.find("probe");
    if (node == nullptr) {
      wrong(root, "probe: is missing", "busy_loop, cyclictest or none");
      return {};
    }
    if (node->kind == Kind::scalar && node->scalar == "none") return PluginUse{"none", {}};
    return read_use(*node, "probe", all_probes(), "none");
  }

  std::vector<PluginUse> read_observers(const YamlNode* node) {
    std::vector<PluginUse> observers;
    if (node == nullptr) {
      for (const char* name : {"interrupts", "cpu_time", "faults"})
        if (const auto* info = find_observer(name))
          observers.push_back({name, read_params(nullptr, info->params)});
      return observers;
    }
    if (node->kind != Kind::list) {
      wrong(*node, "observe: is " + std::string(node->kind_word()),
            "a list: [interrupts, cpu_time]");
      return observers;
    }
    for (const auto& item : node->items) {
      observers.push_back(read_use(item, "observer", all_observers()));
      for (std::size_t i = 0; i + 1 < observers.size(); ++i)
        if (observers[i].name == observers.back().name)
          wrong(item, "observer \"" + observers.back().name + "\" stands here a second time");
    }
    return observers;
  }

  void read_arms(const YamlNode& root, Profile& profile) {
    const auto* arms = root.find("arms");
    if (arms == nullptr || arms->kind != Kind::map || arms->entries.empty()) {
      wrong(arms ? *arms : root, "arms: is missing or empty",
            "arms: {idle: {}, noisy: {workloads: [...]}}");
      return;
    }
    for (std::size_t i = 0; i < arms->entries.size(); ++i) {
      const auto& [name, node] = arms->entries[i];
      ProfileArm arm{name, {}, {}, profile.observers, profile.untraced_runs, {}};
      if (name.empty() ||
          name.find_first_not_of(
              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") !=
              std::string::npos)
        diagnostics().add(arms->key_places[i], "arm name \"" + name + "\" is not a word",
                          "letters, digits, _ - .");
      if (node.kind == Kind::map) {
        check_keys(node,
                   {"workloads", "settings", "observe", "untraced_run", "kernel", "cmdline+"});
        if (const auto* list = node.find("workloads")) read_workloads(*list, arm);
        if (const auto* map = node.find("settings")) read_settings(*map, arm);
        if (const auto* list = node.find("observe")) arm.observers = read_observers(list);
        read_flag(node, "untraced_run", arm.untraced_run);
        read_boot(*this, node, arm);
      } else if (node.kind != Kind::null) {
        wrong(node, "arm " + name + " is " + node.kind_word(),
              "{workloads: [...], settings: {...}}");
      }
      if (i == 0 && !is_idle(arm))
        diagnostics().add(arms->key_places[i],
                          "the first arm must be idle: everything is compared with it",
                          "an arm without workloads, for example idle: {}");
      profile.arms.push_back(std::move(arm));
    }
  }

  static bool is_idle(const ProfileArm& arm) {
    return std::all_of(arm.workloads.begin(), arm.workloads.end(),
                       [](const auto& use) { return use.name == "idle"; });
  }

  void read_workloads(const YamlNode& node, ProfileArm& arm) {
    if (node.kind != Kind::list)
      return wrong(node, "workloads: is " + std::string(node.kind_word()),
                   "a list: [kernel_build, hackbench]");
    for (const auto& item : node.items) {
      PluginUse use = read_use(item, "workload", all_workloads());
      if (std::any_of(arm.workloads.begin(), arm.workloads.end(),
                      [&](const auto& other) { return other.name == use.name; }))
        wrong(
            item, "workload \"" + use.name + "\" stands in arm " + arm.name + " a second time",
            use.name == "command"
                ? "run both from one: argv: [sh, -c, \"first & second & wait\"], or one of them in "
                  "an arm of its own"
                : "a workload has one set of parameters in an arm: make two arms, or an axis of "
                  "matrix:");
      arm.workloads.push_back(std::move(use));
    }
  }

  void read_settings(const YamlNode& node, ProfileArm& arm) {
    if (!is_map(node, "settings", "paths and values: {/proc/sys/vm/stat_interval: 10}")) return;
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
      const auto& [path, value] = node.entries[i];
      if (!path.starts_with("/proc/sys/") && !path.starts_with("/sys/"))
        diagnostics().add(node.key_places[i], "setting \"" + path + "\" is not a kernel file",
                          "a path below /proc/sys or /sys");
      else if (path.find("/../") != std::string::npos)
        diagnostics().add(node.key_places[i], "setting \"" + path + "\" goes up again",
                          "a plain path below /proc/sys or /sys");
      if (value.kind != Kind::scalar)
        wrong(value, path + ": is " + value.kind_word(), "a single value");
      arm.settings.push_back({path, value.scalar});
    }
  }
};

Result<Profile> finish(Diagnostics& diagnostics, const YamlNode& root, std::string source) {
  Profile profile;
  if (diagnostics.empty()) profile = Reader(diagnostics).read(root);
  if (diagnostics.empty()) {
    profile.source = std::move(source);
    return profile;
  }
  std::string all;
  for (const auto& line : diagnostics.sorted_lines()) all += (all.empty() ? "" : "\n") + line;
  return Error{ErrorKind::usage, all,
               "`isolab list` names the workloads, probes and observers; `isolab show NAME` their "
               "parameters"};
}

}  // namespace

Result<Profile> read_profile(const std::string& path) {
  Diagnostics diagnostics;
  std::string source;
  const YamlNode root = load_yaml(path, diagnostics, source);
  return finish(diagnostics, root, std::move(source));
}

Result<Profile> read_profile_text(const std::string& name, const std::string& text) {
  Diagnostics diagnostics;
  const YamlNode root = parse_yaml(name, text, diagnostics);
  return finish(diagnostics, root, text);
}

}  // namespace isolab
