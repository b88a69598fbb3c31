// SPDX-License-Identifier: Apache-2.0
// Files that the user named, read and written as a whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace isolab {

/// Replaces the content of a file that the user named, or makes it.
Result<void> write_text_file(const std::filesystem::path& path, const std::string& text);
/// A regular file of `most` bytes at most that the user named.
Result<std::string> read_text_file(const std::filesystem::path& path,
                                   std::size_t most = std::size_t{1} << 20);

}  // namespace isolab
