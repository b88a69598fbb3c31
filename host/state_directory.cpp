// SPDX-License-Identifier: Apache-2.0
#include "host/state_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "base/environment.h"

namespace isolab {

std::filesystem::path default_journal_dir() {
  if (const auto chosen = environment("ISOLAB_STATE_DIR")) return *chosen;
  if (::geteuid() == 0) return "/run/isolab";
  if (const auto mine = environment("XDG_RUNTIME_DIR"); mine && mine->starts_with('/'))
    return std::filesystem::path(*mine) / "isolab";
  return "/tmp/isolab-" + std::to_string(::geteuid());
}

Result<void> prepare_state_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory.parent_path(), error);
  if (error)
    return errno_error("cannot make directory " + directory.parent_path().string(), error.value());
  if (::mkdir(directory.c_str(), 0711) != 0 && errno != EEXIST)
    return errno_error("cannot make directory " + directory.string(), errno,
                       "$ISOLAB_STATE_DIR names another place for journals");
  struct stat found {};
  if (::lstat(directory.c_str(), &found) != 0)
    return errno_error("cannot look at directory " + directory.string(), errno);
  const char* wrong = !S_ISDIR(found.st_mode)                      ? "it is not a directory"
                      : found.st_uid != ::geteuid()                ? "it belongs to somebody else"
                      : (found.st_mode & (S_IWGRP | S_IWOTH)) != 0 ? "others may write in it"
                                                                   : nullptr;
  if (wrong != nullptr)
    return Error{ErrorKind::denied,
                 "journals cannot be trusted to " + directory.string() + ": " + wrong,
                 "remove it, or name another place with $ISOLAB_STATE_DIR"};
  return {};
}

}  // namespace isolab
