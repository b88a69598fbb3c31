// SPDX-License-Identifier: Apache-2.0
#include "runner/profile.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>

#include "analysis/budget.h"
#include "base/cpu_set.h"
#include "probes/observer.h"
#include "probes/probe.h"
#include "workloads/workload.h"

namespace isolab {
namespace {

using Kind = YamlNode::Kind;

/// Walks the tree beside the keys it knows and notes everything that is wrong.
class Reader {
 public:
  explicit Reader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  Profile read(const YamlNode& root) {
    Profile profile;
    if (root.kind != Kind::map) {
      wrong(root, "a profile is a map of keys, this is " + std::string(root.kind_word()),
            "name:, arms:, design: ...");
      return profile;
    }
    check_keys(root, {"schema", "name", "question", "cpus", "probe", "observe", "arms", "matrix",
                      "design", "budget"});
    if (const auto* node = root.find("schema"); node != nullptr && node->scalar != "1")
      wrong(*node, "schema \"" + node->scalar + "\" is not known here", "1");
    profile.name = required_text(root, "name");
    profile.question = required_text(root, "question");
    if (const auto* node = root.find("cpus")) read_cpus(*node, profile);
    profile.probe = read_probe(root);
    profile.observers = read_observers(root.find("observe"));
    if (const auto* node = root.find("design"))
      read_design(*node, profile);
    else
      wrong(root, "design: is missing", "design: {measure: 10s}");
    read_arms(root, profile);
    if (const auto* node = root.find("matrix")) read_matrix(*node, profile);
    if (const auto* node = root.find("budget")) read_budget(*node, profile);
    return profile;
  }

 private:
  void wrong(const YamlNode& node, std::string what, std::string expected = {},
             std::string nearest = {}) {
    diagnostics_.add(node.place, std::move(what), std::move(expected), std::move(nearest));
  }

  static std::string join(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
    return out;
  }

  void check_keys(const YamlNode& map, const std::vector<std::string>& known) {
    for (std::size_t i = 0; i < map.entries.size(); ++i) {
      const std::string& key = map.entries[i].first;
      if (std::find(known.begin(), known.end(), key) == known.end())
        diagnostics_.add(map.key_places[i], "unknown key \"" + key + "\"", "one of " + join(known),
                         nearest_word(key, known));
    }
  }

  bool is_map(const YamlNode& node, const std::string& key, const std::string& expected) {
    if (node.kind == Kind::map) return true;
    wrong(node, key + ": is " + node.kind_word(), expected);
    return false;
  }

  std::string required_text(const YamlNode& map, const std::string& key) {
    const auto* node = map.find(key);
    if (node == nullptr || node->kind != Kind::scalar || node->scalar.empty()) {
      wrong(node ? *node : map, key + ": is missing", key + ": some words");
      return {};
    }
    return node->scalar;
  }

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
              join(words) + " or a list like 2-5,8", nearest_word(out, words));
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
      diagnostics_.add(place, "unknown " + std::string(what) + " \"" + use.name + "\"",
                       "one of " + join(names), nearest_word(use.name, names));
      return use;
    }
    use.params = read_params_of(params, info->params);
    return use;
  }

  ParamValues read_params_of(const YamlNode* node, const std::vector<ParamSpec>& specs) {
    ParamValues values;
    std::vector<std::string> names;
    for (const auto& spec : specs) {
      values[spec.name] = spec.fallback;
      names.push_back(spec.name);
    }
    if (node == nullptr || node->kind == Kind::null) return values;
    if (node->kind != Kind::map) {
      wrong(*node, "parameters are " + std::string(node->kind_word()), "a map: {rate: 100/s}");
      return values;
    }
    check_keys(*node, names);
    for (const auto& spec : specs)
      if (const auto* value = node->find(spec.name)) read_value(*value, spec, values[spec.name]);
    return values;
  }

  void read_value(const YamlNode& node, const ParamSpec& spec, ParamValue& out) {
    ParamValue raw;
    if (node.kind == Kind::scalar) raw.push_back(node.scalar);
    for (const auto& item : node.items) {
      if (item.kind != Kind::scalar)
        return wrong(item, spec.name + ": an item is " + item.kind_word(), "a single value");
      raw.push_back(item.scalar);
    }
    if (node.kind == Kind::map || (node.kind == Kind::list && spec.type != ParamType::words))
      return wrong(node, spec.name + ": is " + node.kind_word(), expected_form(spec.type));
    auto checked = check_param(spec, raw);
    if (checked)
      out = *checked;
    else
      wrong(node, spec.name + ": " + checked.error().what,
            spec.choices.empty() ? expected_form(spec.type) : join(spec.choices),
            raw.empty() ? "" : nearest_word(raw[0], spec.choices));
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
          observers.push_back({name, read_params_of(nullptr, info->params)});
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
      ProfileArm arm{name, {}, {}, profile.observers, profile.untraced_runs};
      if (name.empty() ||
          name.find_first_not_of(
              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") !=
              std::string::npos)
        diagnostics_.add(arms->key_places[i], "arm name \"" + name + "\" is not a word",
                         "letters, digits, _ - .");
      if (node.kind == Kind::map) {
        check_keys(node, {"workloads", "settings", "observe", "untraced_run"});
        if (const auto* list = node.find("workloads")) read_workloads(*list, arm);
        if (const auto* map = node.find("settings")) read_settings(*map, arm);
        if (const auto* list = node.find("observe")) arm.observers = read_observers(list);
        read_flag(node, "untraced_run", arm.untraced_run);
      } else if (node.kind != Kind::null) {
        wrong(node, "arm " + name + " is " + node.kind_word(),
              "{workloads: [...], settings: {...}}");
      }
      if (i == 0 && !is_idle(arm))
        diagnostics_.add(arms->key_places[i],
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
        wrong(item, "workload \"" + use.name + "\" stands in arm " + arm.name + " a second time");
      arm.workloads.push_back(std::move(use));
    }
  }

  void read_settings(const YamlNode& node, ProfileArm& arm) {
    if (!is_map(node, "settings", "paths and values: {/proc/sys/vm/stat_interval: 10}")) return;
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
      const auto& [path, value] = node.entries[i];
      if (!path.starts_with("/proc/sys/") && !path.starts_with("/sys/"))
        diagnostics_.add(node.key_places[i], "setting \"" + path + "\" is not a kernel file",
                         "a path below /proc/sys or /sys");
      else if (path.find("/../") != std::string::npos)
        diagnostics_.add(node.key_places[i], "setting \"" + path + "\" goes up again",
                         "a plain path below /proc/sys or /sys");
      if (value.kind != Kind::scalar)
        wrong(value, path + ": is " + value.kind_word(), "a single value");
      arm.settings.push_back({path, value.scalar});
    }
  }

  void read_matrix(const YamlNode& node, Profile& profile) {
    if (!is_map(node, "matrix", "axes: {kfence_sampling.sample_interval: [1ms, 10ms]}")) return;
    for (std::size_t i = 0; i < node.entries.size(); ++i) {
      const auto& [axis_name, list] = node.entries[i];
      const Place& place = node.key_places[i];
      const auto dot = axis_name.find('.');
      MatrixAxis axis{
          axis_name.substr(0, dot), dot == std::string::npos ? "" : axis_name.substr(dot + 1), {}};
      const auto used = used_workloads(profile);
      const auto* info = find_workload(axis.workload);
      if (info == nullptr || std::find(used.begin(), used.end(), axis.workload) == used.end()) {
        diagnostics_.add(place, "axis \"" + axis_name + "\" names no workload of any arm",
                         "WORKLOAD.PARAMETER", nearest_word(axis.workload, used));
        continue;
      }
      std::vector<std::string> names;
      const ParamSpec* spec = nullptr;
      for (const auto& one : info->params) {
        names.push_back(one.name);
        if (one.name == axis.param) spec = &one;
      }
      if (spec == nullptr) {
        diagnostics_.add(place,
                         "workload " + axis.workload + " has no parameter \"" + axis.param + "\"",
                         "one of " + join(names), nearest_word(axis.param, names));
        continue;
      }
      if (list.kind != Kind::list || list.items.empty()) {
        wrong(list, axis_name + ": is " + list.kind_word(), "a list of values");
        continue;
      }
      for (const auto& item : list.items) {
        ParamValue value = spec->fallback;
        read_value(item, *spec, value);
        axis.values.push_back(std::move(value));
      }
      profile.matrix.push_back(std::move(axis));
    }
  }

  static std::vector<std::string> used_workloads(const Profile& profile) {
    std::set<std::string> names;
    for (const auto& arm : profile.arms)
      for (const auto& use : arm.workloads) names.insert(use.name);
    return {names.begin(), names.end()};
  }

  void read_design(const YamlNode& node, Profile& profile) {
    if (!is_map(node, "design", "{repeats: 3, warmup: 1s, measure: 10s}")) return;
    check_keys(node, {"repeats", "warmup", "measure", "order", "seed", "untraced_runs"});
    const auto duration = [&](const char* key, Nanos smallest, Nanos& out) {
      const auto* value = node.find(key);
      if (value == nullptr) return;
      const auto parsed = parse_duration(value->scalar);
      if (value->kind != Kind::scalar || !parsed)
        wrong(*value, std::string(key) + ": \"" + value->scalar + "\" is no duration",
              expected_form(ParamType::duration));
      else if (*parsed < smallest)
        wrong(*value, std::string(key) + ": is too short", "at least " + print(smallest));
      else
        out = *parsed;
    };
    profile.warmup = std::chrono::seconds(1);
    duration("warmup", std::chrono::milliseconds(100), profile.warmup);
    duration("measure", std::chrono::milliseconds(100), profile.measure);
    if (node.find("measure") == nullptr)
      wrong(node, "design: measure: is missing", "the length of one window, like 10s");
    profile.repeats = static_cast<int>(whole(node, "repeats", 1, 10000, 1));
    profile.seed = static_cast<std::uint64_t>(whole(node, "seed", 0, 1'000'000'000, 1));
    if (const auto* order = node.find("order")) {
      const std::vector<std::string> known{"interleaved", "shuffled", "sequential"};
      if (std::find(known.begin(), known.end(), order->scalar) == known.end())
        wrong(*order, "order: \"" + order->scalar + "\" is not known", join(known),
              nearest_word(order->scalar, known));
      profile.order = order->scalar;
    }
    read_flag(node, "untraced_runs", profile.untraced_runs);
  }

  void read_flag(const YamlNode& map, const char* key, bool& out) {
    const auto* flag = map.find(key);
    if (flag == nullptr) return;
    if (flag->scalar != "true" && flag->scalar != "false")
      wrong(*flag, std::string(key) + ": \"" + flag->scalar + "\"", "true or false");
    out = flag->scalar == "true";
  }

  long long whole(const YamlNode& map, const char* key, long long low, long long high,
                  long long fallback) {
    const auto* node = map.find(key);
    if (node == nullptr) return fallback;
    long long value = 0;
    const char* end = node->scalar.data() + node->scalar.size();
    const auto [stop, error] = std::from_chars(node->scalar.data(), end, value);
    if (error != std::errc{} || stop != end || value < low || value > high) {
      wrong(*node, std::string(key) + ": \"" + node->scalar + "\" is out of range",
            "a whole number " + std::to_string(low) + "-" + std::to_string(high));
      return fallback;
    }
    return value;
  }

  void read_budget(const YamlNode& node, Profile& profile) {
    if (node.kind != Kind::list)
      return wrong(node, "budget: is " + std::string(node.kind_word()),
                   "a list of {metric:, limit:, reason:}");
    for (const auto& item : node.items) {
      if (!is_map(item, "a budget", "{metric: gap_max, limit: 50us, reason: why}")) continue;
      check_keys(item, {"metric", "arm", "limit", "reason"});
      Budget budget;
      budget.metric = required_text(item, "metric");
      budget.limit_text = required_text(item, "limit");
      budget.reason = required_text(item, "reason");
      if (const auto* arm = item.find("arm")) {
        budget.arm = arm->scalar;
        std::vector<std::string> names;
        for (const auto& one : profile.arms) names.push_back(one.name);
        if (std::find(names.begin(), names.end(), budget.arm) == names.end())
          wrong(*arm, "there is no arm \"" + budget.arm + "\"", "one of " + join(names),
                nearest_word(budget.arm, names));
      }
      if (!budget.metric.empty() && !budget.limit_text.empty()) {
        const auto limit = budget_limit(budget.metric, budget.limit_text);
        if (limit)
          budget.limit = *limit;
        else
          wrong(item, limit.error().what, limit.error().hint,
                nearest_word(budget.metric, budget_metrics()));
      }
      profile.budgets.push_back(std::move(budget));
    }
  }

  Diagnostics& diagnostics_;
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
