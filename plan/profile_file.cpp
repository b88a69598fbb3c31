// SPDX-License-Identifier: Apache-2.0
#include "plan/profile_file.h"
#include "base/directory.h"
#include "base/text.h"
#include "host/installation.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <system_error>

namespace isolab {

namespace fs = std::filesystem;

Result<std::string> find_profile(const std::string& name) {
  std::error_code ignored;
  if (name.find('/') != std::string::npos || name.ends_with(".yaml") ||
      fs::is_regular_file(name, ignored))
    return name;
  const fs::path shipped = TRY(installation()).share / "profiles" / (name + ".yaml");
  if (fs::is_regular_file(shipped, ignored)) return shipped.string();
  return Error{ErrorKind::usage, "there is no profile \"" + name + "\"",
               "a path, or one of: " + join(shipped_profiles(), ", ")};
}

std::vector<std::string> shipped_profiles() {
  std::set<std::string> names;
  if (const auto place = installation())
    for (const auto& path : entries_of(place->share / "profiles").value_or(std::vector<fs::path>{}))
      if (path.extension() == ".yaml") names.insert(path.stem().string());
  return {names.begin(), names.end()};
}

std::string shipped_name(const std::string& path) {
  const fs::path file(path);
  const std::string name = file.stem().string();
  const bool ships = file.parent_path().filename() == "profiles" && file.extension() == ".yaml" &&
                     find_profile(name);
  return ships ? name : path;
}

Result<void> check_profile_hash(const std::string& wanted, const std::string& hash,
                                const std::string& profile) {
  if (wanted.empty()) return {};
  if (wanted.size() < 8)
    return Error{ErrorKind::usage, "--hash " + wanted + " is too short",
                 "give eight digits or more"};
  if (hash.starts_with(wanted)) return {};
  return Error{ErrorKind::usage,
               fmt::format("{} is not the profile with the hash {}: its hash is {}", profile,
                           wanted, hash.substr(0, std::max<std::size_t>(wanted.size(), 16))),
               "it was changed, or this version of isolab resolves it differently"};
}

}  // namespace isolab
