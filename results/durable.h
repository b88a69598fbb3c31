// SPDX-License-Identifier: Apache-2.0
// Files that are whole or absent: written beside their name, synced, renamed.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace isolab {

/// Replaces the file in one step: a kill leaves the old text or the new one.
Result<void> write_durably(const std::filesystem::path& file, const std::string& bytes);
/// Syncs the files directly in `directory`, then the directory itself.
Result<void> sync_directory(const std::filesystem::path& directory);
/// Renames a whole directory to a name that must not exist and syncs the parent.
Result<void> publish_directory(const std::filesystem::path& from, const std::filesystem::path& to);
Result<void> make_directory(const std::filesystem::path& directory);
/// `shown` is the name in the message.
Result<std::string> read_whole(const std::filesystem::path& file, const std::string& shown);

}  // namespace isolab
