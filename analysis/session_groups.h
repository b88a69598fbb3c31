// SPDX-License-Identifier: Apache-2.0
// From the arguments of `isolab compare` to groups of analysed sessions. Reads recordings, nothing
// else.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "analysis/model/comparison.h"

namespace isolab {

/// A recording, or a directory with recordings one level below (`isolab run --sessions`), sorted by
/// name. usage: neither.
Result<std::vector<std::filesystem::path>> sessions_in(const std::filesystem::path& place);

struct GroupRequest {
  std::string name;
  std::vector<std::filesystem::path> places;
};
/// "patched=a,b" or "a,b": without a name the last part of the first path. usage: an empty part.
Result<GroupRequest> parse_group(const std::string& argument);

struct CompareRequest {
  std::vector<std::string> groups;  // arguments, the base first
  std::vector<std::string> arms;    // compare these arms of all sessions instead
  bool by_repeat = false;           // each repeat is a unit: holds for these sessions only
  ComparisonOptions options;
};

/// The findings, as far as they are compared, and the groups that point into them. Memory: the
/// numbers of each session, and of one recording at a time the rest.
struct LoadedGroups {
  std::vector<std::unique_ptr<Findings>> findings;
  std::vector<SessionGroup> groups;
  std::vector<std::filesystem::path> directories;  // of the recordings, each once
};
Result<LoadedGroups> load_groups(const CompareRequest& request);
/// The sessions of `places` once an arm. An arm that names a kernel counts only those of its boot.
/// usage: an arm that ran in none of them.
Result<LoadedGroups> load_arms(const std::vector<GroupRequest>& places,
                               const std::vector<std::string>& arms, bool by_repeat);
/// One group per name, each with its recordings.
Result<LoadedGroups> load_groups(const std::vector<GroupRequest>& groups, bool by_repeat);

}  // namespace isolab
