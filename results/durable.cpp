// SPDX-License-Identifier: Apache-2.0
#include "results/durable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace isolab {
namespace {

namespace fs = std::filesystem;

/// Closes a descriptor at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

Result<void> sync_path(const fs::path& path, int flags) {
  const Descriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (file.number() < 0) return errno_error("open " + path.string(), errno);
  if (::fsync(file.number()) != 0) return errno_error("sync " + path.string(), errno);
  return {};
}

Result<void> write_all(int file, const std::string& bytes, const fs::path& path) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto written = ::write(file, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write " + path.string(), errno, "is the disk full?");
    done += static_cast<std::size_t>(written);
  }
  return {};
}

}  // namespace

Result<void> write_durably(const fs::path& file, const std::string& bytes) {
  const fs::path beside = file.parent_path() / ("." + file.filename().string() + ".new");
  ::unlink(beside.c_str());  // of a process that was killed; the rest follows no link (O_EXCL)
  {
    const Descriptor out(
        ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (out.number() < 0) return errno_error("create " + beside.string(), errno);
    TRY(write_all(out.number(), bytes, beside));
    if (::fsync(out.number()) != 0) return errno_error("sync " + beside.string(), errno);
  }
  if (std::rename(beside.c_str(), file.c_str()) != 0)
    return errno_error("rename " + beside.string() + " to " + file.string(), errno);
  return sync_path(file.parent_path(), O_RDONLY | O_DIRECTORY);
}

Result<void> sync_directory(const fs::path& directory) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error))
    if (entry.is_regular_file(error)) TRY(sync_path(entry.path(), O_RDONLY));
  if (error) return errno_error("list " + directory.string(), error.value());
  return sync_path(directory, O_RDONLY | O_DIRECTORY);
}

Result<void> publish_directory(const fs::path& from, const fs::path& to) {
  // RENAME_NOREPLACE: two runs that chose the same name must not mix their files.
  int done = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  if (done != 0 && errno == EINVAL) {  // NFS and some FUSE file systems lack the flag
    std::error_code error;
    errno = EEXIST;
    if (!fs::exists(to, error)) done = std::rename(from.c_str(), to.c_str());
  }
  if (done != 0) return errno_error("rename " + from.string() + " to " + to.string(), errno);
  return sync_path(to.parent_path(), O_RDONLY | O_DIRECTORY);
}

Result<void> make_directory(const fs::path& directory) {
  // Symbols, command lines and names of other people's tasks: for its owner until that one shares
  // it.
  if (::mkdir(directory.c_str(), 0700) != 0)
    return errno_error("make directory " + directory.string(), errno);
  return {};
}

Result<std::string> read_whole(const fs::path& file, const std::string& shown) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.number() < 0) return errno_error("open " + shown, errno);
  std::string out;
  char block[1 << 16];
  while (true) {
    const auto got = ::read(in.number(), block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error("read " + shown, errno);
    if (got == 0) return out;
    out.append(block, static_cast<std::size_t>(got));
  }
}

}  // namespace isolab
