// SPDX-License-Identifier: Apache-2.0
#include "base/untrusted_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "base/exit_code.h"

namespace isolab {
namespace {

constexpr std::size_t kLargestPage = 65536;  // of arm64

Error refused(const std::string& shown, const std::string& why) {
  return Error{ErrorKind::denied, fmt::format("cannot read {}: {}", shown, why)};
}

int open_at(const FileDemands& demands, const std::string& path, int flags) {
  if (!demands.beneath) return ::openat(demands.directory, path.c_str(), flags);
  open_how how{};
  how.flags = static_cast<decltype(how.flags)>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  long file = -1;
  for (int tries = 0; tries < 8; ++tries) {  // EAGAIN: a directory on the way was just renamed
    file = ::syscall(SYS_openat2, demands.directory, path.c_str(), &how, sizeof how);
    if (file >= 0 || errno != EAGAIN) break;
  }
  return static_cast<int>(file);
}

constexpr char kCut[] =
    "isolab: cannot read a file of the recording: it was truncated while it was read\n";

void on_bus_error(int number, siginfo_t* info, void*) {
  if (info->si_code == BUS_ADRERR) {  // "nonexistent physical address": behind the end of the file
    [[maybe_unused]] const auto said = ::write(STDERR_FILENO, kCut, sizeof kCut - 1);
    ::_exit(static_cast<int>(ExitCode::failed));
  }
  ::signal(number, SIG_DFL);  // the instruction is tried again and ends us
}

}  // namespace

Closing::~Closing() {
  if (file_ >= 0) ::close(file_);
}

void end_when_mapped_file_is_cut() {
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

Result<int> open_untrusted(const std::string& path, const FileDemands& demands,
                           const std::string& shown) {
  // O_NONBLOCK: a FIFO opens at once and is then refused. Regular files do not know the flag.
  const int flags =
      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (demands.follow ? 0 : O_NOFOLLOW);
  Closing file(open_at(demands, path, flags));
  if (file.get() < 0 && errno == ELOOP) return refused(shown, "it is a symbolic link");
  if (file.get() < 0 && errno == EXDEV && demands.beneath)
    return refused(shown, "it is outside the directory");
  if (file.get() < 0 && errno == ENOSYS && demands.beneath)
    return errno_error("cannot open " + shown, errno, "openat2 needs Linux 5.6");
  if (file.get() < 0) return errno_error("cannot open " + shown, errno);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return errno_error("cannot look at " + shown, errno);
  if (!S_ISREG(facts.st_mode)) return refused(shown, "it is not a regular file");
  if (demands.owner && facts.st_uid != *demands.owner)
    return refused(
        shown, fmt::format("it belongs to user {}, not to user {}", facts.st_uid, *demands.owner));
  if (!demands.others_may_write && (facts.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return refused(shown, "other users may write to it");
  return file.release();
}

Result<std::string> read_untrusted(int file, std::size_t most, const std::string& shown) {
  const auto too_long = [&] {
    return Error{ErrorKind::parse,
                 fmt::format("cannot read {}: it has more than {} bytes", shown, most)};
  };
  std::string out;
  // Of kernel files the size is 0, or in sysfs a page (fs/kernfs/inode.c), whatever they hold.
  struct stat found {};
  if (::fstat(file, &found) == 0 && S_ISREG(found.st_mode)) {
    const auto size = static_cast<std::size_t>(found.st_size);
    if (size > std::max(most, kLargestPage)) return too_long();
    out.reserve(std::min(size, most));
  }
  std::array<char, 16384> block;
  while (true) {
    const auto room = std::min(block.size(), most + 1 - out.size());
    const auto got = ::read(file, block.data(), room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("cannot read " + shown, errno);
    if (got == 0) return out;
    out.append(block.data(), static_cast<std::size_t>(got));
    if (out.size() > most) return too_long();
  }
}

Result<std::string> read_untrusted(const std::string& path, const FileDemands& demands,
                                   const std::string& shown) {
  const std::string& name = shown.empty() ? path : shown;
  const Closing file(TRY(open_untrusted(path, demands, name)));
  return read_untrusted(file.get(), demands.most, name);
}

}  // namespace isolab
