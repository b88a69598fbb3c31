// SPDX-License-Identifier: Apache-2.0
// The "newc" cpio format, which the kernel unpacks as an initramfs and the guest hands its results
// back in: one format both ways. Format:
// Documentation/driver-api/early-userspace/buffer-format.rst.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace isolab {

class ArchiveWriter {
 public:
  explicit ArchiveWriter(std::ostream& out) : out_(out) {}
  // Paths are relative, without leading "/". Directories above a path are made on the way.
  void add_directory(const std::string& path);
  /// mode: permission bits, 0755. Content up to 4 GiB.
  void add_file(const std::string& path, unsigned mode, std::string_view content);
  void add_link(const std::string& path, std::string_view target);
  void add_character_device(const std::string& path, unsigned mode, unsigned major, unsigned minor);
  /// A file or a whole directory of the host below `path`; symbolic links are followed.
  Result<void> add_tree(const std::string& path, const std::filesystem::path& from);
  /// The trailer: a reader knows by it that nothing is missing. False: writing failed somewhere.
  bool finish();

 private:
  void entry(const std::string& path, unsigned mode, std::string_view content, unsigned major = 0,
             unsigned minor = 0);
  void parents_of(const std::string& path);
  void pad();

  std::ostream& out_;
  std::set<std::string> made_;
  std::uint64_t written_ = 0;
  std::uint32_t inode_ = 1;
};

/// Unpacks files and directories below `directory`. Refuses absolute paths and "..", and an archive
/// without trailer (parse).
Result<void> extract_archive(std::istream& in, const std::filesystem::path& directory);

}  // namespace isolab
