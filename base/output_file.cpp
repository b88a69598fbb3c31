// SPDX-License-Identifier: Apache-2.0
#include "base/output_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace isolab {
namespace {

constexpr std::size_t kBuffer = 1 << 20;

}  // namespace

Result<OutputFile> OutputFile::create(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd >= 0) return OutputFile(path, fd);
  if (errno == EEXIST)
    return Error{ErrorKind::usage, path.string() + " exists", "choose another name or remove it"};
  return errno_error("cannot create " + path.string(), errno);
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      buffer_(std::move(other.buffer_)),
      size_(other.size_) {}

OutputFile::~OutputFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink(path_.c_str());
}

Result<void> OutputFile::write(std::string_view text) {
  size_ += text.size();
  buffer_ += text;
  return buffer_.size() < kBuffer ? Result<void>() : flush();
}

Result<void> OutputFile::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const auto written = ::write(fd_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      return errno_error("cannot write " + path_.string(), errno, "is the disk full?");
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
  return {};
}

Result<void> OutputFile::finish() {
  TRY(flush());
  if (::close(std::exchange(fd_, -1)) == 0) return {};
  const int code = errno;
  ::unlink(path_.c_str());
  return errno_error("cannot write " + path_.string(), code);
}

}  // namespace isolab
