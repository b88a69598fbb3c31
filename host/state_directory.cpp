// SPDX-License-Identifier: Apache-2.0
#include "host/state_directory.h"

#include <fcntl.h>
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

Result<Fd> open_state_directory(const std::filesystem::path& directory) {
  const auto refused = [&](const char* why) {
    return Error{ErrorKind::denied, "cannot use the journals in " + directory.string() + ": " + why,
                 "inspect and remove the directory, or name another place with $ISOLAB_STATE_DIR"};
  };
  Fd open(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const int code = errno;
  if (!open && (code == ENOTDIR || code == ELOOP)) return refused("it is not a directory");
  if (!open) {
    Error error = errno_error("cannot open directory " + directory.string(), code,
                              "$ISOLAB_STATE_DIR names another place for journals");
    if (code == ENOENT) error.kind = ErrorKind::unsupported;
    return error;
  }
  struct stat found {};
  if (::fstat(open.get(), &found) != 0)
    return errno_error("cannot look at directory " + directory.string(), errno);
  if (found.st_uid != ::geteuid()) return refused("it belongs to another user");
  if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) return refused("other users may write to it");
  return open;
}

Result<Fd> prepare_state_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory.parent_path(), error);
  if (error)
    return errno_error("cannot make directory " + directory.parent_path().string(), error.value());
  if (::mkdir(directory.c_str(), 0711) != 0 && errno != EEXIST)
    return errno_error("cannot make directory " + directory.string(), errno,
                       "$ISOLAB_STATE_DIR names another place for journals");
  return open_state_directory(directory);
}

}  // namespace isolab
