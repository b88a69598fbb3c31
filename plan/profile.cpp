// SPDX-License-Identifier: Apache-2.0
#include "plan/profile.h"

#include <algorithm>
#include <filesystem>

#include "base/cpu_set.h"
#include "base/text.h"
#include "plan/allowed_commands.h"
#include "plan/profile_keys.h"
#include "plan/profile_parts.h"
#include "probes/contract/observer.h"
#include "probes/contract/probe.h"
#include "workloads/contract/workload.h"

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
    check_keys(root, profile_keys_of(""));
    if (const auto* node = root.find("schema"); node != nullptr && node->scalar != "1")
      wrong(*node, "schema " + node->quoted() + " is unknown", "1");
    profile.name = required_text(root, "name");
    if (const auto* node = root.find("name"); node != nullptr && !profile.name.empty())
      if (!is_file_word(profile.name) || profile.name.front() == '.' || profile.name.front() == '-')
        wrong(*node, "name: " + node->quoted() + " is not a word",
              "at most 80 letters, digits, _ - .; a letter, digit or _ first");
    profile.question = required_prose(root, "question");
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
    // What is wrong by itself hides what follows from it.
    if (diagnostics().empty()) check_bounds(*this, profile);
    if (diagnostics().empty()) check_arms(*this, profile, places_);
    return profile;
  }

 private:
  void read_cpus(const YamlNode& node, Profile& profile) {
    if (!is_map(node, "cpus", "cpus: {measured: auto, housekeeping: auto}")) return;
    check_keys(node, profile_keys_of("cpus"));
    const auto one = [&](const char* key, const std::vector<std::string>& words, std::string& out,
                         Place& place) {
      const auto* value = node.find(key);
      if (value == nullptr) return;
      place = value->place;
      out = value->scalar;
      if (std::find(words.begin(), words.end(), out) != words.end()) return;
      const auto list = CpuSet::parse(out);
      if (value->kind != Kind::scalar || !list)
        wrong(*value,
              std::string(key) + ": " + value->quoted() + " is neither a CPU list nor a known word",
              join(words, ", ") + " or a list like 2-5,8", nearest_word(out, words));
      else if (list->empty())
        wrong(*value, std::string(key) + ": names no CPU",
              join(words, ", ") + " or a list like 2-5,8");
    };
    one("measured", {"auto", "isolated"}, profile.measured, profile.measured_place);
    one("housekeeping", {"auto", "housekeeping"}, profile.housekeeping, profile.housekeeping_place);
    if (profile.housekeeping == "housekeeping") profile.housekeeping = "auto";
  }

  template <class Info>
  static std::vector<std::string> names_of(const std::vector<const Info*>& all) {
    std::vector<std::string> names;
    for (const Info* info : all) names.push_back(info->name);
    return names;
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
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Info* info) { return info->name == use.name; });
    if (found == all.end()) {
      auto names = names_of(all);
      if (!also_known.empty()) names.push_back(also_known);
      const bool secret = node.included && node.kind == Kind::scalar;
      diagnostics().add(
          place,
          "unknown " + std::string(what) + (secret ? "" : " \"" + use.name.substr(0, 80) + "\""),
          "one of " + join(names, ", "), nearest_word(use.name, names));
      return use;
    }
    use.params = read_params(params, (*found)->params);
    return use;
  }

  PluginUse read_probe(const YamlNode& root) {
    const auto* node = root.find("probe");
    if (node == nullptr) {
      wrong(root, "probe: is missing", join(names_of(all_probes()), ", ") + " or none");
      return {};
    }
    if (node->kind == Kind::scalar && node->scalar == "none") return PluginUse{"none", {}};
    PluginUse probe = read_use(*node, "probe", all_probes(), "none");
    check_use(*node, probe, find_probe(probe.name));
    return probe;
  }

  std::vector<PluginUse> read_observers(const YamlNode* node) {
    std::vector<PluginUse> observers;
    if (node == nullptr) {
      for (const auto* info : all_observers())
        if (info->by_default) observers.push_back({info->name, read_params(nullptr, info->params)});
      return observers;
    }
    if (node->kind != Kind::list) {
      wrong(*node, "observe: is " + std::string(node->kind_word()),
            "a list: [interrupts, cpu_time]");
      return observers;
    }
    if (node->items.size() > all_observers().size()) {
      wrong(*node, "observe: has more items than there are observers", "each at most once");
      return observers;
    }
    for (const auto& item : node->items) {
      observers.push_back(read_use(item, "observer", all_observers()));
      check_use(item, observers.back(), find_observer(observers.back().name));
      for (std::size_t i = 0; i + 1 < observers.size(); ++i)
        if (observers[i].name == observers.back().name)
          wrong(item, "observer \"" + observers.back().name + "\" appears twice");
    }
    return observers;
  }

  /// A probe or observer by itself; workloads are checked once the matrix is known.
  template <class Info>
  void check_use(const YamlNode& node, const PluginUse& use, const Info* info) {
    if (info == nullptr || !diagnostics().empty()) return;
    if (const auto checked = info->check(use.params); !checked)
      wrong_params(*this, node, use.name, checked.error());
  }

  void read_arms(const YamlNode& root, Profile& profile) {
    const auto* arms = root.find("arms");
    if (arms == nullptr || arms->kind != Kind::map || arms->entries.empty()) {
      wrong(arms ? *arms : root, "arms: is missing or empty",
            "arms: {idle: {}, noisy: {workloads: [...]}}");
      return;
    }
    if (arms->entries.size() > kMostArms)
      return wrong(*arms, "there are " + std::to_string(arms->entries.size()) + " arms",
                   "at most " + std::to_string(kMostArms));
    for (std::size_t i = 0; i < arms->entries.size(); ++i) {
      const auto& [name, node] = arms->entries[i];
      ProfileArm arm{name, {}, {}, profile.observers, profile.untraced_runs, {}};
      if (!is_file_word(name))
        diagnostics().add(arms->key_places[i],
                          "arm name \"" + name.substr(0, 80) + "\" is not a word",
                          "at most 80 letters, digits, _ - .");
      if (node.kind == Kind::map) {
        check_keys(node, profile_keys_of("arms.NAME"));
        if (const auto* list = node.find("workloads")) read_workloads(*list, arm);
        if (const auto* map = node.find("settings"))
          read_settings(*this, *map, profile.isolation, arm);
        if (const auto* list = node.find("observe")) arm.observers = read_observers(list);
        read_flag(node, "untraced_run", arm.untraced_run);
        read_boot(*this, node, arm);
      } else if (node.kind != Kind::null) {
        wrong(node, "arm " + name + " is " + node.kind_word(),
              "{workloads: [...], settings: {...}}");
      }
      if (i == 0 && !is_idle(arm.workloads))
        diagnostics().add(arms->key_places[i],
                          "the first arm must be idle: all arms are compared with it",
                          "an arm without workloads, for example idle: {}");
      profile.arms.push_back(std::move(arm));
    }
  }

  void read_workloads(const YamlNode& node, ProfileArm& arm) {
    if (node.kind != Kind::list)
      return wrong(node, "workloads: is " + std::string(node.kind_word()),
                   "a list: [kernel_build, hackbench]");
    if (node.items.size() > all_workloads().size())
      return wrong(node, "workloads: has more items than there are workloads", "each at most once");
    for (const auto& item : node.items) {
      PluginUse use = read_use(item, "workload", all_workloads());
      places_[{arm.name, use.name}] = &item;
      if (std::any_of(arm.workloads.begin(), arm.workloads.end(),
                      [&](const auto& other) { return other.name == use.name; }))
        wrong(item,
              "workload \"" + use.name + "\" appears twice in arm " + arm.name + " a second time",
              use.params.contains("argv")
                  ? "run both from one: argv: [sh, -c, \"first & second & wait\"], or use two arms"
                  : "a workload has one set of parameters per arm: use two arms, or an axis of "
                    "matrix:");
      arm.workloads.push_back(std::move(use));
    }
  }

  UsePlaces places_;
};

Result<Profile> finish(Diagnostics& diagnostics, const YamlNode& root, std::string source) {
  Profile profile;
  if (diagnostics.empty()) profile = Reader(diagnostics).read(root);
  if (diagnostics.empty()) {
    profile.source = std::move(source);
    return profile;
  }
  return Error{ErrorKind::usage, join(diagnostics.sorted_lines(), "\n"),
               "`isolab list` names the workloads, probes and observers; `isolab show NAME` their "
               "parameters"};
}

}  // namespace

Result<Profile> read_profile(YamlFiles& files, const std::string& name) {
  Diagnostics diagnostics;
  std::string source;
  const YamlNode root = load_yaml(files, name, diagnostics, source);
  return finish(diagnostics, root, std::move(source));
}

Result<Profile> read_profile(const std::string& path) {
  bool ships = true;
  ProfileDirectory files =
      TRY(ProfileDirectory::of(path, [&](int file) { ships = ships && ships_with_isolab(file); }));
  Profile profile = TRY(read_profile(files, std::filesystem::path(path).filename().string()));
  profile.ships = ships;
  return profile;
}

Result<Profile> read_profile_text(const std::string& name, const std::string& text) {
  Diagnostics diagnostics;
  const YamlNode root = parse_yaml(name, text, diagnostics);
  return finish(diagnostics, root, text);
}

}  // namespace isolab
