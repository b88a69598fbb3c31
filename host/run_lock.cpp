// SPDX-License-Identifier: Apache-2.0
#include "host/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "host/files.h"
#include "host/state_directory.h"

namespace isolab {

Result<RunLock> RunLock::take(const std::filesystem::path& state_directory,
                              const std::string& what) {
  TRY(prepare_state_directory(state_directory));
  const std::string path = (state_directory / "lock").string();
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return errno_error("cannot open the lock " + path, errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return errno_error("cannot lock " + path, errno);
    const auto holder = SystemFiles().read(path);
    return Error{ErrorKind::busy,
                 fmt::format("another isolab works on this machine: {}",
                             holder ? trimmed(*holder) : "it did not say who it is"),
                 "wait for it, or end it with Ctrl-C or SIGTERM; two would measure each other"};
  }
  std::string text = fmt::format("process {}, {}", ::getpid(), what);
  std::replace(text.begin(), text.end(), '\n', ' ');
  text += '\n';
  if (::ftruncate(file.get(), 0) != 0 ||
      ::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return errno_error("cannot write the lock " + path, errno);
  return RunLock(std::move(file));
}

}  // namespace isolab
