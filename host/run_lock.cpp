// SPDX-License-Identifier: Apache-2.0
#include "host/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/environment.h"
#include "base/output.h"
#include "host/files.h"
#include "host/state_directory.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEverybodys = "/run/lock";
constexpr const char* kName = "isolab.";

constexpr std::size_t kMostText = 200;

/// `file` is open and regular; its text is its holder's and may say anything.
Error held(const Fd& file, const struct stat& found, const fs::path& path) {
  char text[kMostText];
  const auto got = ::pread(file.get(), text, sizeof text, 0);
  const std::string says =
      visible_line(trimmed(std::string_view(text, got > 0 ? static_cast<std::size_t>(got) : 0)));
  return {ErrorKind::busy,
          fmt::format("cannot start a run: another isolab runs on this machine: user {} holds {}{}",
                      found.st_uid, path.string(), says.empty() ? "" : ": " + says),
          "wait for it, or end it with Ctrl-C or SIGTERM; two runs would measure each other"};
}

Result<void> lock(const Fd& file, const struct stat& found, const fs::path& path, int how) {
  if (::flock(file.get(), how | LOCK_NB) == 0) return {};
  if (errno == EWOULDBLOCK) return held(file, found, path);
  return errno_error("cannot lock " + path.string(), errno);
}

/// Files of other users are not locked. What cannot be opened (its owner hides it) or is not a
/// regular file (isolab makes no other) tells nothing.
Result<void> look_at_others(const fs::path& directory, const fs::path& own) {
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const fs::path& path = at->path();
    if (path == own || !path.filename().string().starts_with(kName)) continue;
    const Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat found {};
    if (!file || ::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) continue;
    TRY(lock(file, found, path, LOCK_SH));
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
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                 0644));
  if (!file)
    return errno_error("cannot open the lock " + path.string(), errno,
                       "does it belong to another user? $ISOLAB_STATE_DIR names another place");
  struct stat found {};
  if (::fstat(file.get(), &found) != 0)
    return errno_error("cannot look at the lock " + path.string(), errno);
  // In /run/lock any user may have made it before.
  if (found.st_uid != ::geteuid() || !S_ISREG(found.st_mode) || found.st_nlink != 1)
    return Error{ErrorKind::denied, "the lock " + path.string() + " belongs to another user",
                 "remove it; $ISOLAB_STATE_DIR names another place"};
  TRY(lock(file, found, path, LOCK_EX));
  std::string text = fmt::format("process {} of user {}, {}", ::getpid(), ::geteuid(), what);
  text = visible_line(text).substr(0, kMostText - 1) + '\n';
  if (::ftruncate(file.get(), 0) != 0 ||
      ::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return errno_error("cannot write the lock " + path.string(), errno);
  TRY(look_at_others(directory, path));
  return RunLock(std::move(file));
}

}  // namespace isolab
