// SPDX-License-Identifier: Apache-2.0
#include "results/durable.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "base/untrusted_file.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

Result<void> sync_path(const fs::path& path, int flags) {
  const Closing file(::open(path.c_str(), flags | O_CLOEXEC));
  if (file.get() < 0) return errno_error("cannot open " + path.string(), errno);
  if (::fsync(file.get()) != 0) return errno_error("cannot sync " + path.string(), errno);
  return {};
}

Result<void> write_all(int file, const std::string& bytes, const fs::path& path) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto written = ::write(file, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      return errno_error("cannot write " + path.string(), errno, "is the disk full?");
    done += static_cast<std::size_t>(written);
  }
  return {};
}

}  // namespace

Result<OpenDirectory> OpenDirectory::open(const fs::path& path) {
  const int number = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (number < 0) return errno_error("cannot open directory " + path.string(), errno);
  return OpenDirectory(path, number);
}

OpenDirectory::~OpenDirectory() {
  if (number_ >= 0) ::close(number_);
}

Result<OpenDirectory> OpenDirectory::folder(const std::string& name) const {
  const fs::path path = path_ / name;
  if (::mkdirat(number_, name.c_str(), 0777) != 0 && errno != EEXIST)
    return errno_error("cannot make directory " + path.string(), errno);
  const int number =
      ::openat(number_, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (number < 0 && (errno == ELOOP || errno == ENOTDIR))
    return Error{ErrorKind::denied,
                 "cannot write into " + path.string() + ": it is a link, or not a directory",
                 "links in a recording are not followed; remove it"};
  if (number < 0) return errno_error("cannot open directory " + path.string(), errno);
  return OpenDirectory(path, number);
}

Result<void> OpenDirectory::replace(const std::string& name, const std::string& bytes) const {
  return put(name, bytes, 0);
}

Result<void> OpenDirectory::create(const std::string& name, const std::string& bytes) const {
  return put(name, bytes, RENAME_NOREPLACE);
}

Result<void> OpenDirectory::put(const std::string& name, const std::string& bytes,
                                unsigned flags) const {
  const std::string beside = "." + name + ".new";
  const fs::path file = path_ / name, shown = path_ / beside;
  ::unlinkat(number_, beside.c_str(), 0);  // of a process that was killed; no link is followed
  {
    const Closing out(::openat(number_, beside.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (out.get() < 0) return errno_error("cannot create " + shown.string(), errno);
    TRY(write_all(out.get(), bytes, shown));
    if (::fsync(out.get()) != 0) return errno_error("cannot sync " + shown.string(), errno);
  }
  int done = ::renameat2(number_, beside.c_str(), number_, name.c_str(), flags);
  if (done != 0 && errno == EINVAL &&
      flags != 0) {  // NFS and some FUSE file systems do not have the flag
    const bool free =
        ::faccessat(number_, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
    errno = EEXIST;
    if (free) done = ::renameat(number_, beside.c_str(), number_, name.c_str());
  }
  if (done != 0) {
    const int code = errno;
    ::unlinkat(number_, beside.c_str(), 0);
    if (code == EEXIST)
      return Error{ErrorKind::usage, file.string() + " exists",
                   "recordings are never overwritten; give the file another name"};
    return errno_error("cannot rename " + shown.string() + " to " + file.string(), code);
  }
  if (::fsync(number_) != 0) return errno_error("cannot sync " + path_.string(), errno);
  return {};
}

Result<void> write_durably(const fs::path& file, const std::string& bytes) {
  const fs::path above = file.parent_path();
  return TRY(OpenDirectory::open(above.empty() ? fs::path(".") : above))
      .replace(file.filename().string(), bytes);
}

Result<void> sync_directory(const fs::path& directory) {
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (at->is_regular_file(gone)) TRY(sync_path(at->path(), O_RDONLY));
  }
  if (error) return errno_error("cannot list " + directory.string(), error.value());
  return sync_path(directory, O_RDONLY | O_DIRECTORY);
}

Result<void> publish_directory(const fs::path& from, const fs::path& to) {
  // RENAME_NOREPLACE: two runs that chose the same name must not mix their files.
  int done = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  if (done != 0 && errno == EINVAL) {  // NFS and some FUSE file systems do not have the flag
    std::error_code error;
    errno = EEXIST;
    if (!fs::exists(to, error)) done = std::rename(from.c_str(), to.c_str());
  }
  if (done != 0) return errno_error("cannot rename " + from.string() + " to " + to.string(), errno);
  return sync_path(to.parent_path(), O_RDONLY | O_DIRECTORY);
}

Result<void> make_directory(const fs::path& directory) {
  // Symbols, command lines and names of other people's tasks: for its owner until that one shares
  // it.
  if (::mkdir(directory.c_str(), 0700) != 0)
    return errno_error("cannot make directory " + directory.string(), errno);
  return {};
}

Result<void> share_with_group(const fs::path& directory, gid_t group) {
  const auto share = [&](const fs::path& path, bool is_directory) -> Result<void> {
    const Closing file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat found {};
    if (file.get() < 0 || ::fstat(file.get(), &found) != 0 ||
        ::fchown(file.get(), static_cast<uid_t>(-1), group) != 0 ||
        ::fchmod(file.get(), (found.st_mode & 07777) |
                                 (is_directory ? S_ISGID | S_IRGRP | S_IXGRP : S_IRGRP)) != 0)
      return errno_error("cannot share " + path.string() + " with group " + std::to_string(group),
                         errno);
    return {};
  };
  TRY(share(directory, true));
  std::error_code error;
  for (fs::recursive_directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error)) {
    const auto type = at->symlink_status(error).type();
    if (!error && (type == fs::file_type::regular || type == fs::file_type::directory))
      TRY(share(at->path(), type == fs::file_type::directory));
  }
  if (error) return errno_error("cannot list " + directory.string(), error.value());
  return {};
}

Result<void> share_as_its_directory(const fs::path& directory) {
  struct stat found {};
  if (::stat(directory.c_str(), &found) != 0)
    return errno_error("cannot look at " + directory.string(), errno);
  const bool shared = (found.st_mode & S_ISGID) != 0 && (found.st_mode & S_IRGRP) != 0;
  return shared ? share_with_group(directory, found.st_gid) : Result<void>{};
}

Result<std::string> read_whole(const fs::path& file, const std::string& shown) {
  return read_untrusted(file.string(), {.most = kMostText}, shown);
}

}  // namespace isolab
