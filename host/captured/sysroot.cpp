// SPDX-License-Identifier: Apache-2.0
#include "host/captured/sysroot.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>
#include <string_view>
#include <utility>

namespace isolab {
namespace {

constexpr std::size_t kLargest = 64U << 20;  // /proc/interrupts of 512 CPUs has some 10 MiB
constexpr std::size_t kMostNames = 1U << 16;

/// Opens `path` with the directory as root.
int open_inside(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
}

Error cannot(const char* verb, const std::string& name, const std::string& path, int code) {
  Error error = errno_error("cannot " + std::string(verb) + " " + name + path, code,
                            code == ENOSYS ? "it needs openat2(2), Linux 5.6 or later" : "");
  if (code == ENOENT || code == ENOTDIR || code == ENOSYS) error.kind = ErrorKind::unsupported;
  return error;
}

/// The words of "Name:   words", of the first such line; empty if there is none.
std::string row(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(name)) return std::string(trimmed(line.substr(name.size())));
  return {};
}

}  // namespace

Result<std::unique_ptr<SysrootFiles>> SysrootFiles::open(const std::filesystem::path& directory) {
  Fd root(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return cannot("open", directory.string(), "", errno);
  std::unique_ptr<SysrootFiles> files(new SysrootFiles(directory.string(), std::move(root)));
  if (const Fd self(open_inside(files->root_.get(), "/", O_PATH)); !self)
    return cannot("open", files->name_, "/", errno);
  return files;
}

Result<std::string> SysrootFiles::read(const std::string& path) const {
  // O_PATH first: opening a device or a FIFO can have side effects or block.
  const Fd found(open_inside(root_.get(), path, O_PATH));
  if (!found) {
    const int code = errno;
    if (const auto derived = derived_.find(path); derived != derived_.end()) return derived->second;
    return cannot("open", name_, path, code);
  }
  struct stat what {};
  if (::fstat(found.get(), &what) != 0) return cannot("look at", name_, path, errno);
  const Error irregular{ErrorKind::parse, name_ + path + " is not a regular file"};
  if (!S_ISREG(what.st_mode)) return irregular;
  const Fd file(open_inside(root_.get(), path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  if (!file) return cannot("open", name_, path, errno);
  if (::fstat(file.get(), &what) != 0 || !S_ISREG(what.st_mode)) return irregular;
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return cannot("read", name_, path, errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kLargest)
      return Error{ErrorKind::parse, name_ + path + " is larger than 64 MiB"};
  }
}

Result<std::vector<std::string>> SysrootFiles::list(const std::string& path) const {
  Fd found(open_inside(root_.get(), path, O_RDONLY | O_DIRECTORY));
  if (!found) return cannot("list", name_, path, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::fdopendir(found.get()), ::closedir);
  if (!dir) return cannot("list", name_, path, errno);
  (void)found.release();  // closedir() closes it now
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
    if (names.size() > kMostNames)
      return Error{ErrorKind::parse, name_ + path + " has more than 65536 entries"};
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool SysrootFiles::exists(const std::string& path) const {
  const Fd found(open_inside(root_.get(), path, O_PATH));
  return found || derived_.contains(path);
}

// A copied tree has links, or regular files with their targets.
Result<std::string> SysrootFiles::read_link(const std::string& path) const {
  const Fd found(open_inside(root_.get(), path, O_PATH | O_NOFOLLOW));
  if (!found) return cannot("open", name_, path, errno);
  std::array<char, 4096> target;  // PATH_MAX
  const ssize_t length = ::readlinkat(found.get(), "", target.data(), target.size());
  if (length < 0) return std::string(trimmed(TRY(read(path))));
  return std::string(target.data(), static_cast<std::size_t>(length));
}

void add_sosreport_commands(SysrootFiles& files) {
  const auto output = [&](std::initializer_list<const char*> places) {
    for (const char* place : places)
      if (auto text = files.read(place)) return *std::move(text);
    return std::string();
  };
  std::istringstream sysctl(output({"/sos_commands/kernel/sysctl_-a"}));
  for (std::string line; std::getline(sysctl, line);) {
    const auto equals = line.find(" = ");
    if (equals == std::string::npos || line.find_first_of("/\t") < equals) continue;
    std::string name = line.substr(0, equals);
    std::replace(name.begin(), name.end(), '.', '/');
    files.add_derived("/proc/sys/" + name, line.substr(equals + 3) + "\n");
  }
  // "Linux HOST 5.14.0-362.el9.x86_64 #1 SMP ..."
  std::istringstream uname(output({"/sos_commands/kernel/uname_-a", "/uname"}));
  std::string system, host, release;
  uname >> system >> host >> release;
  if (system == "Linux" && !release.empty())
    files.add_derived("/proc/sys/kernel/osrelease", release + "\n");
  const std::string lscpu = output({"/sos_commands/processor/lscpu", "/lscpu"});
  if (const std::string online = row(lscpu, "On-line CPU(s) list:"); !online.empty())
    files.add_derived("/sys/devices/system/cpu/online", online + "\n");
  if (const std::string arch = row(lscpu, "Architecture:"); !arch.empty())
    files.add_derived("/proc/sys/kernel/arch", arch + "\n");
}

}  // namespace isolab
