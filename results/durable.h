// SPDX-License-Identifier: Apache-2.0
// Files that are whole or absent: written beside their name, synced, renamed. Also opens files of a
// recording, which another user may have made: a link in it leads nowhere.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>

#include "base/result.h"

namespace isolab {

/// A directory, open: files are written into the opened directory, even if its path is replaced in
/// the meantime.
class OpenDirectory {
 public:
  /// One that the user named: it may be reached through links.
  static Result<OpenDirectory> open(const std::filesystem::path& path);
  OpenDirectory(OpenDirectory&& other) noexcept
      : path_(std::move(other.path_)), number_(std::exchange(other.number_, -1)) {}
  OpenDirectory& operator=(OpenDirectory&&) = delete;
  ~OpenDirectory();

  /// A directory in it, made when it is not there. denied: a symbolic link or something else is.
  Result<OpenDirectory> folder(const std::string& name) const;
  /// Puts a whole file in place of what has this name, which is never followed when it is a link.
  Result<void> replace(const std::string& name, const std::string& bytes) const;
  /// The same where nothing has this name yet. usage: something has.
  Result<void> create(const std::string& name, const std::string& bytes) const;

 private:
  OpenDirectory(std::filesystem::path path, int number) : path_(std::move(path)), number_(number) {}
  Result<void> put(const std::string& name, const std::string& bytes, unsigned flags) const;
  std::filesystem::path path_;  // for messages
  int number_ = -1;
};

/// Replaces the file in one step: a kill leaves the old text or the new one.
Result<void> write_durably(const std::filesystem::path& file, const std::string& bytes);
/// Syncs the files directly in `directory`, then the directory itself.
Result<void> sync_directory(const std::filesystem::path& directory);
/// Renames a whole directory to a name that must not exist and syncs the parent.
Result<void> publish_directory(const std::filesystem::path& from, const std::filesystem::path& to);
Result<void> make_directory(const std::filesystem::path& directory);
/// Lets a group list and read the directory and all below it; links in it are not followed. Files
/// made in it later belong to the group too (S_ISGID).
Result<void> share_with_group(const std::filesystem::path& directory, gid_t group);

/// Shares what was added to a directory that is shared with a group (mode g+rs).
Result<void> share_as_its_directory(const std::filesystem::path& directory);

constexpr std::size_t kMostText = std::size_t{128} << 20;
/// A file of a recording, of 128 MiB at most. io, denied (a link, no regular file) or parse (too
/// large); `shown` is the name in the message.
Result<std::string> read_whole(const std::filesystem::path& file, const std::string& shown);

}  // namespace isolab
