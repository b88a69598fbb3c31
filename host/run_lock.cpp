// SPDX-License-Identifier: Apache-2.0
#include "host/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/environment.h"
#include "host/files.h"
#include "host/state_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEverybodys = "/run/lock";
constexpr const char* kName = "isolab.";

Error held(const fs::path& path) {
  const auto holder = SystemFiles().read(path);
  return {ErrorKind::busy,
          fmt::format("another isolab works on this machine: {}",
                      holder ? trimmed(*holder) : "it did not say who it is"),
          "wait for it, or end it with Ctrl-C or SIGTERM; two would measure each other"};
}

Result<void> lock(const Fd& file, const fs::path& path, int how) {
  if (::flock(file.get(), how | LOCK_NB) == 0) return {};
  if (errno == EWOULDBLOCK) return held(path);
  return errno_error("cannot lock " + path.string(), errno);
}

/// Nobody else's file is locked. A file that cannot be opened (its owner hides it) tells nothing.
Result<void> look_at_others(const fs::path& directory, const fs::path& own) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path() == own || !entry.path().filename().string().starts_with(kName)) continue;
    const Fd file(::open(entry.path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file) TRY(lock(file, entry.path(), LOCK_SH));
  }
  return {};
}

}  // namespace

fs::path default_lock_dir() {
  const bool shared = !environment("ISOLAB_STATE_DIR") && ::access(kEverybodys, W_OK) == 0;
  return shared ? fs::path(kEverybodys) : default_journal_dir();
}

Result<RunLock> RunLock::take(const fs::path& directory, const std::string& what) {
  if (directory != kEverybodys) TRY(prepare_state_directory(directory));
  const fs::path path = directory / (kName + std::to_string(::geteuid()));
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644));
  if (!file) return errno_error("cannot open the lock " + path.string(), errno);
  struct stat found {};
  if (::fstat(file.get(), &found) != 0)
    return errno_error("cannot look at the lock " + path.string(), errno);
  // In /run/lock anybody may have made it before us.
  if (found.st_uid != ::geteuid() || !S_ISREG(found.st_mode) || found.st_nlink != 1)
    return Error{ErrorKind::denied, "the lock " + path.string() + " is somebody else's",
                 "remove it; $ISOLAB_STATE_DIR names another place"};
  TRY(lock(file, path, LOCK_EX));
  std::string text = fmt::format("process {} of user {}, {}", ::getpid(), ::geteuid(), what);
  std::replace(text.begin(), text.end(), '\n', ' ');
  text += '\n';
  if (::ftruncate(file.get(), 0) != 0 ||
      ::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return errno_error("cannot write the lock " + path.string(), errno);
  TRY(look_at_others(directory, path));
  return RunLock(std::move(file));
}

}  // namespace isolab
