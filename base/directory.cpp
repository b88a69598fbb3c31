// SPDX-License-Identifier: Apache-2.0
#include "base/directory.h"

#include <algorithm>
#include <system_error>

namespace isolab {
namespace {

namespace fs = std::filesystem;

template <class Iterator, class Keep>
Result<std::vector<fs::path>> list(const fs::path& directory, Keep&& keep) {
  std::vector<fs::path> out;
  std::error_code error;
  for (Iterator at(directory, error), end; !error && at != end; at.increment(error))
    if (keep(*at)) out.push_back(at->path());
  if (error) return errno_error("cannot list " + directory.string(), error.value());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Result<std::vector<fs::path>> entries_of(const fs::path& directory) {
  return list<fs::directory_iterator>(directory, [](const auto&) { return true; });
}

Result<std::vector<fs::path>> files_below(const fs::path& directory) {
  return list<fs::recursive_directory_iterator>(directory, [](const auto& entry) {
    std::error_code gone;
    return fs::is_regular_file(entry.symlink_status(gone));
  });
}

}  // namespace isolab
