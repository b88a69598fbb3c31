// SPDX-License-Identifier: Apache-2.0
#include "host/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>

#include "host/os.h"

namespace isolab {
namespace {

// A file that has nothing to say (trace_pipe), or a FIFO, answers EAGAIN instead of waiting for
// ever; most kernel files do not know the flag.
constexpr int kNeverWait = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
// The largest are /proc/kallsyms and /proc/interrupts, with tens of MiB.
constexpr std::size_t kMostBytes = std::size_t{256} << 20;

/// A file that is not there means the kernel cannot do it, which is a skip and not a failure.
Error file_error(std::string_view verb, const std::string& path, int code) {
  Error error = errno_error("cannot " + std::string(verb) + " " + path, code);
  if (code == ENOENT || code == ENOTDIR) error.kind = ErrorKind::unsupported;
  return error;
}

std::string with_slash(const std::string& path) {
  return path.empty() || path.back() != '/' ? path + '/' : path;
}

}  // namespace

// procfs and sysfs files report a size of 0 or 4096 whatever they hold, so read until the end.
Result<std::string> SystemFiles::read(const std::string& path) const {
  const Fd fd(::open((root_ + path).c_str(), O_RDONLY | kNeverWait));
  if (!fd) return file_error("open", path, errno);
  std::string text;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return file_error("read", path, errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kMostBytes)
      return Error{ErrorKind::io, "cannot read " + path + ": it does not end"};
  }
}

Result<std::vector<std::string>> SystemFiles::list(const std::string& path) const {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir((root_ + path).c_str()), ::closedir);
  if (!dir) return file_error("list", path, errno);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool SystemFiles::exists(const std::string& path) const {
  return ::access((root_ + path).c_str(), F_OK) == 0;
}

Result<std::string> Files::read_link(const std::string& path) const {
  return std::string(trimmed(TRY(read(path))));
}

Result<std::string> SystemFiles::read_link(const std::string& path) const {
  std::array<char, 4096> target;  // PATH_MAX
  const ssize_t length = ::readlink((root_ + path).c_str(), target.data(), target.size());
  if (length < 0) return file_error("read link", path, errno);
  return std::string(target.data(), static_cast<std::size_t>(length));
}

Result<void> SystemFiles::write(const std::string& path, std::string_view text) {
  // Filter files of tracefs (set_event_pid) add what is written; only O_TRUNC empties them.
  const int truncate = text.empty() ? O_TRUNC : 0;
  const Fd fd(::open((root_ + path).c_str(), O_WRONLY | kNeverWait | truncate));
  if (!fd) return file_error("open", path, errno);
  if (text.empty()) return {};
  ssize_t done = 0;
  do {
    done = ::write(fd.get(), text.data(), text.size());
  } while (done < 0 && errno == EINTR);
  const std::string verb = "write \"" + std::string(trimmed(text)) + "\" to";
  if (done < 0) return file_error(verb, path, errno);
  if (static_cast<std::size_t>(done) != text.size())
    return Error{ErrorKind::io,
                 "cannot " + verb + " " + path + ": the kernel accepted only a part of it"};
  return {};
}

Result<void> SystemFiles::make_dir(const std::string& path) {
  if (::mkdir((root_ + path).c_str(), 0755) != 0) return file_error("make directory", path, errno);
  return {};
}

Result<void> SystemFiles::remove_dir(const std::string& path) {
  if (::rmdir((root_ + path).c_str()) != 0) return file_error("remove directory", path, errno);
  return {};
}

Result<std::string> Files::read_at(const std::string& path, std::size_t offset,
                                   std::size_t size) const {
  const auto all = TRY(read(path));
  if (all.size() < offset || all.size() - offset < size)
    return Error{ErrorKind::io, "cannot read " + path + ": it ends too early"};
  return all.substr(offset, size);
}

Result<std::string> SystemFiles::read_at(const std::string& path, std::size_t offset,
                                         std::size_t size) const {
  const Fd fd(::open((root_ + path).c_str(), O_RDONLY | kNeverWait));
  if (!fd) return file_error("open", path, errno);
  std::string out(size, '\0');
  const auto done = ::pread(fd.get(), out.data(), size, static_cast<off_t>(offset));
  if (done < 0) return file_error("read", path, errno);
  if (static_cast<std::size_t>(done) != size)
    return Error{ErrorKind::io, "cannot read " + path + ": it ends too early"};
  return out;
}

Result<std::string> MemoryFiles::read(const std::string& path) const {
  const auto found = files_.find(path);
  if (found == files_.end()) return file_error("open", path, ENOENT);
  if (const auto old = old_.find(path); old != old_.end() && old->second.reads-- > 0)
    return old->second.value;
  return found->second;
}

int MemoryFiles::failure(const std::string& path) {
  const auto rule = write_errors_.find(path);
  if (rule == write_errors_.end() || rule->second.left == 0) return 0;
  if (rule->second.left > 0) --rule->second.left;
  return rule->second.code;
}

Result<std::vector<std::string>> MemoryFiles::list(const std::string& path) const {
  const std::string prefix = with_slash(path);
  std::vector<std::string> names;
  bool found = false;
  for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.starts_with(prefix);
       ++at) {
    found = true;
    const std::string name =
        at->first.substr(prefix.size(), at->first.find('/', prefix.size()) - prefix.size());
    if (!name.empty() && (names.empty() || names.back() != name)) names.push_back(name);
  }
  if (!found) return file_error("list", path, ENOENT);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

bool MemoryFiles::exists(const std::string& path) const {
  if (files_.contains(path)) return true;
  const std::string prefix = with_slash(path);
  const auto at = files_.lower_bound(prefix);
  return at != files_.end() && at->first.starts_with(prefix);
}

Result<void> MemoryFiles::write(const std::string& path, std::string_view text) {
  const std::string verb = "write \"" + std::string(trimmed(text)) + "\" to";
  const auto found = files_.find(path);
  if (found == files_.end()) return file_error("open", path, ENOENT);
  log_.push_back("write " + path + " " + std::string(text));
  if (const int code = failure(path); code != 0) return file_error(verb, path, code);
  if (const auto late = late_.find(path); late != late_.end())
    old_[path] = {found->second, late->second};
  const auto stored = stored_as_.find(path);
  found->second = stored == stored_as_.end() ? std::string(text) : stored->second;
  return {};
}

Result<void> MemoryFiles::make_dir(const std::string& path) {
  if (exists(path)) return file_error("make directory", path, EEXIST);
  log_.push_back("mkdir " + path);
  if (const int code = failure(path); code != 0) return file_error("make directory", path, code);
  files_[with_slash(path)] = "";
  return {};
}

// As in tracefs and cgroupfs, what the kernel keeps inside a directory goes with it.
Result<void> MemoryFiles::remove_dir(const std::string& path) {
  if (!exists(path)) return file_error("remove directory", path, ENOENT);
  log_.push_back("rmdir " + path);
  if (const int code = failure(path); code != 0) return file_error("remove directory", path, code);
  const std::string prefix = with_slash(path);
  std::erase_if(files_, [&](const auto& file) { return file.first.starts_with(prefix); });
  return {};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Result<long long> read_number(const Files& files, const std::string& path) {
  const std::string text = TRY(files.read(path));
  const std::string_view digits = trimmed(text);
  long long number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size())
    return Error{ErrorKind::parse,
                 path + ": \"" + std::string(digits) + "\" is not a whole number"};
  return number;
}

}  // namespace isolab
