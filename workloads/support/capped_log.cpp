// SPDX-License-Identifier: Apache-2.0
#include "workloads/support/capped_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace isolab {
namespace {

constexpr std::size_t kPipeBytes = 1 << 20;  // what an unprivileged user may have (pipe(7))

/// All of it, or -errno of what could not be written.
int write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = ::write(file, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return -errno;
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return 0;
}

}  // namespace

Result<void> CappedLog::open(const std::filesystem::path& file, std::uint64_t limit) {
  left_ = limit;
  // Two commands of one arm share the file.
  file_ = Fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!file_) return errno_error("cannot open " + file.string(), errno);
  null_ = Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  if (!null_) return errno_error("cannot open /dev/null", errno);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno_error("cannot make a pipe", errno);
  read_end_ = Fd(ends[0]);
  write_end_ = Fd(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);  // the writer's end still waits
  ::fcntl(ends[1], F_SETPIPE_SZ,
          static_cast<int>(kPipeBytes));  // refused: the writer waits a little more often
  closing_ = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!closing_) return errno_error("cannot make an eventfd", errno);
  try {
    reader_ = std::thread([this] { read_until_closed(); });
  } catch (const std::system_error& error) {
    return errno_error("cannot start a thread for " + file.string(), error.code().value());
  }
  return {};
}

void CappedLog::read_until_closed() {
  while (true) {
    std::array<pollfd, 2> watch{pollfd{read_end_.get(), POLLIN, 0},
                                pollfd{closing_.get(), POLLIN, 0}};
    if (::poll(watch.data(), watch.size(), -1) < 0 && errno != EINTR) return;
    if (watch[1].revents != 0) return;
    if (watch[0].revents != 0) take();
  }
}

/// Takes bytes out of the pipe: how many, 0 if there are none.
std::size_t CappedLog::take() {
  if (left_ != 0) return keep();
  const auto gone = ::splice(read_end_.get(), nullptr, null_.get(), nullptr, kPipeBytes,
                             SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (gone <= 0) return 0;
  cut_ += static_cast<std::uint64_t>(gone);
  return static_cast<std::size_t>(gone);
}

/// A file that cannot take more (no space) is asked no more.
std::size_t CappedLog::keep() {
  std::array<char, 65536> buffer;
  const auto got =
      ::read(read_end_.get(), buffer.data(), std::min<std::uint64_t>(left_, buffer.size()));
  if (got <= 0) return 0;
  const auto bytes = static_cast<std::size_t>(got);
  if (write_all(file_.get(), {buffer.data(), bytes}) == 0) {
    left_ -= bytes;
  } else {
    left_ = 0;
    cut_ += bytes;
  }
  return bytes;
}

std::uint64_t CappedLog::close() {
  if (!reader_.joinable()) return cut_;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto told = ::write(closing_.get(), &one, sizeof one);
  reader_.join();
  write_end_.reset();
  // At most one buffer: a process may continue to write.
  for (std::size_t bytes = 0, more = 1; more != 0 && bytes < kPipeBytes; bytes += more)
    more = take();
  read_end_.reset();
  if (cut_ != 0) {
    const auto line = fmt::format("\n[isolab: {} more bytes were discarded]\n", cut_.load());
    (void)write_all(file_.get(), line);
  }
  return cut_;
}

}  // namespace isolab
