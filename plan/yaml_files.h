// SPDX-License-Identifier: Apache-2.0
// The files of a profile: itself and what its `include:` names, each opened once. Another user may
// have written them, so an include may only name files below the profile's directory.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "host/os.h"
#include "plan/yaml_tree.h"

namespace isolab {

struct YamlFile {
  std::string text;
  std::string identity;  // the same for two names of one file
};

/// Where load_yaml() takes files from.
class YamlFiles {
 public:
  static constexpr int kIncludeDepth = 8;
  virtual ~YamlFiles() = default;
  /// `name` is relative to the profile's directory; no more than `most` bytes are read.
  virtual Result<YamlFile> read(const std::string& name, std::size_t most, bool included) = 0;
  /// The name for messages.
  virtual std::string shown(const std::string& name) const { return name; }
};

/// Those of the file system. Only regular files; included ones end in .yaml and lie below the
/// profile's directory, also when a link or ".." is on the way. The profile itself may be a link.
class ProfileDirectory final : public YamlFiles {
 public:
  /// `opened` is shown the descriptor of each file that is read.
  static Result<ProfileDirectory> of(const std::string& profile_path,
                                     std::function<void(int)> opened);
  Result<YamlFile> read(const std::string& name, std::size_t most, bool included) override;
  std::string shown(const std::string& name) const override;

 private:
  ProfileDirectory(Fd directory, std::string path, std::function<void(int)> opened)
      : directory_(std::move(directory)), path_(std::move(path)), opened_(std::move(opened)) {}

  Fd directory_;
  std::string path_;  // as given
  std::function<void(int)> opened_;
};

/// Reads `name` and, first, the files that its top-level `include:` names (relative to the
/// including file): maps are merged, everything else is replaced, the including file wins. `text`
/// collects the files verbatim.
YamlNode load_yaml(YamlFiles& files, const std::string& name, Diagnostics& diagnostics,
                   std::string& text);

}  // namespace isolab
