// SPDX-License-Identifier: Apache-2.0
#include "plan/yaml_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <unordered_map>

#include "base/output.h"
#include "base/untrusted_file.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

void merge(YamlNode& base, YamlNode over) {
  if (base.kind != YamlNode::Kind::map || over.kind != YamlNode::Kind::map) {
    base = std::move(over);
    return;
  }
  base.place = over.place;
  base.included = over.included;
  std::unordered_map<std::string, std::size_t> where;
  for (std::size_t i = 0; i < base.entries.size(); ++i) where.emplace(base.entries[i].first, i);
  for (std::size_t i = 0; i < over.entries.size(); ++i) {
    auto& [key, value] = over.entries[i];
    const auto same = where.find(key);
    if (same == where.end()) {
      base.entries.push_back({key, std::move(value)});
      base.key_places.push_back(over.key_places[i]);
    } else {
      base.key_places[same->second] = over.key_places[i];
      merge(base.entries[same->second].second, std::move(value));
    }
  }
}

class Loader {
 public:
  Loader(YamlFiles& files, Diagnostics& diagnostics, std::string& text)
      : files_(files), diagnostics_(diagnostics), text_(text) {}

  YamlNode load(const std::string& name, const Place& from) {
    const bool included = !way_.empty();
    auto file = files_.read(name, budget_.bytes, included);
    if (!file) {
      diagnostics_.add(
          from, file.error().what,
          included ? "a .yaml file below the profile's directory" : "a profile in YAML");
      return {};
    }
    if (in_circle(name, *file, from)) return {};
    budget_.bytes -= std::min(file->text.size(), budget_.bytes);
    YamlNode node = parse_yaml(files_.shown(name), file->text, diagnostics_, budget_, included);
    if (included && node.kind != YamlNode::Kind::map)
      diagnostics_.add(from, fmt::format("{} contains {}", files_.shown(name), node.kind_word()),
                       "a map of keys");
    way_.push_back({name, file->identity});
    YamlNode merged = includes_of(node, name);
    way_.pop_back();
    text_ += "# file: " + visible_line(fs::path(name).filename().string()) + "\n" + file->text;
    merge(merged, std::move(node));
    return merged;
  }

 private:
  struct Step {
    std::string name, identity;
  };

  bool in_circle(const std::string& name, const YamlFile& file, const Place& from) {
    const auto first = std::find_if(
        way_.begin(), way_.end(), [&](const Step& step) { return step.identity == file.identity; });
    if (first == way_.end()) return false;
    std::string circle;
    for (auto step = first; step != way_.end(); ++step) circle += step->name + " -> ";
    diagnostics_.add(from, "includes form a cycle: " + circle + name);
    return true;
  }

  /// What the files named in `node` hold together; takes the key out of it.
  YamlNode includes_of(YamlNode& node, const std::string& name) {
    YamlNode merged;
    const auto at = std::find_if(node.entries.begin(), node.entries.end(),
                                 [](const auto& entry) { return entry.first == "include"; });
    if (at == node.entries.end()) return merged;
    const YamlNode includes = std::move(at->second);
    node.key_places.erase(node.key_places.begin() + (at - node.entries.begin()));
    node.entries.erase(at);
    std::vector<const YamlNode*> names;
    if (includes.kind == YamlNode::Kind::scalar) names.push_back(&includes);
    for (const auto& item : includes.items) names.push_back(&item);
    if (names.empty())
      diagnostics_.add(includes.place, "include: names no file", "a file or a list of files");
    for (const YamlNode* included : names)
      if (may_include(*included))
        merge(merged,
              load((fs::path(name).parent_path() / included->scalar).string(), included->place));
    return merged;
  }

  bool may_include(const YamlNode& name) {
    if (name.kind != YamlNode::Kind::scalar || name.scalar.empty())
      diagnostics_.add(name.place, "include: is " + std::string(name.kind_word()), "a file name");
    else if (name.scalar.front() == '/' || !name.scalar.ends_with(".yaml"))
      diagnostics_.add(name.place, "include: " + name.quoted() + " cannot be included",
                       "a .yaml file below the profile's directory");
    else if (static_cast<int>(way_.size()) > YamlFiles::kIncludeDepth)
      diagnostics_.add(name.place, "includes are nested too deeply",
                       fmt::format("at most {} levels", YamlFiles::kIncludeDepth));
    else if (budget_.includes == 0)
      diagnostics_.add(name.place, "there are too many includes",
                       fmt::format("at most {} in all", YamlBudget{}.includes));
    else
      return --budget_.includes, true;
    return false;
  }

  YamlFiles& files_;
  Diagnostics& diagnostics_;
  std::string& text_;
  YamlBudget budget_;
  std::vector<Step> way_;  // from the profile to the file that is being read
};

}  // namespace

Result<ProfileDirectory> ProfileDirectory::of(const std::string& profile_path,
                                              std::function<void(int)> opened) {
  const std::string path = fs::path(profile_path).parent_path().string();
  Fd directory(::open(path.empty() ? "." : path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) return errno_error("cannot open " + profile_path, errno);
  return ProfileDirectory(std::move(directory), path, std::move(opened));
}

std::string ProfileDirectory::shown(const std::string& name) const {
  return (fs::path(path_) / name).string();
}

Result<YamlFile> ProfileDirectory::read(const std::string& name, std::size_t most, bool included) {
  FileDemands demands;
  demands.directory = directory_.get();
  demands.follow = true;
  demands.beneath = included;
  const Fd file(TRY(open_untrusted(name, demands, shown(name))));
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return errno_error("cannot look at " + shown(name), errno);
  opened_(file.get());
  return YamlFile{TRY(read_untrusted(file.get(), most, shown(name))),
                  fmt::format("{}:{}", facts.st_dev, facts.st_ino)};
}

YamlNode load_yaml(YamlFiles& files, const std::string& name, Diagnostics& diagnostics,
                   std::string& text) {
  return Loader(files, diagnostics, text).load(name, Place{files.shown(name), 1, 1});
}

}  // namespace isolab
