// SPDX-License-Identifier: Apache-2.0
// What directories hold, with errors as values: a range-based for over std's iterators throws when
// a step fails.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"

namespace isolab {

/// Its entries, sorted.
Result<std::vector<std::filesystem::path>> entries_of(const std::filesystem::path& directory);
/// The regular files in it and in all directories below it, sorted; links are not followed.
Result<std::vector<std::filesystem::path>> files_below(const std::filesystem::path& directory);

}  // namespace isolab
