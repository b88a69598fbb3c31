// SPDX-License-Identifier: Apache-2.0
// The kernel's files (/proc, /sys, tracefs ...) behind one small interface, so that a test can hand
// over a machine made of text. Paths are absolute as the kernel knows them ("/proc/interrupts").
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace isolab {

class Files {
 public:
  virtual ~Files() = default;
  /// The whole file. A missing file is ErrorKind::unsupported, a refused one ErrorKind::denied.
  virtual Result<std::string> read(const std::string& path) const = 0;
  /// `size` bytes at `offset`, in one pread(2): device files that are not streams (/dev/cpu/N/msr).
  /// io: fewer.
  virtual Result<std::string> read_at(const std::string& path, std::size_t offset,
                                      std::size_t size) const;
  /// Names in a directory, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& path) const = 0;
  virtual bool exists(const std::string& path) const = 0;
  /// Where a symbolic link points, as the kernel names it ("anon_inode:[perf_event]"). A machine
  /// made of text has the target as the text of the file.
  virtual Result<std::string> read_link(const std::string& path) const;

  // Changing the machine: only StateGuard and the Knobs it hands out call these.
  /// One write(2) of `text` to an existing file; of "" an open with O_TRUNC (empties a tracefs
  /// filter).
  virtual Result<void> write(const std::string& path, std::string_view text) = 0;
  virtual Result<void> make_dir(const std::string& path) = 0;
  virtual Result<void> remove_dir(const std::string& path) = 0;
};

/// The real machine, or a captured one below `root`.
class SystemFiles final : public Files {
 public:
  explicit SystemFiles(std::string root = "") : root_(std::move(root)) {}
  Result<std::string> read(const std::string& path) const override;
  Result<std::string> read_at(const std::string& path, std::size_t offset,
                              std::size_t size) const override;
  Result<std::vector<std::string>> list(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  Result<std::string> read_link(const std::string& path) const override;
  Result<void> write(const std::string& path, std::string_view text) override;
  Result<void> make_dir(const std::string& path) override;
  Result<void> remove_dir(const std::string& path) override;

 private:
  std::string root_;
};

/// A machine made of text, for tests: keeps a log of every write and can be told to fail.
class MemoryFiles final : public Files {
 public:
  explicit MemoryFiles(std::map<std::string, std::string> files = {}) : files_(std::move(files)) {}
  Result<std::string> read(const std::string& path) const override;
  Result<std::vector<std::string>> list(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  Result<void> write(const std::string& path, std::string_view text) override;
  Result<void> make_dir(const std::string& path) override;
  Result<void> remove_dir(const std::string& path) override;

  /// Later writes of `path` fail with this errno: the next `times`, or all.
  void fail_writes(const std::string& path, int code, int times = -1) {
    write_errors_[path] = {code, times};
  }
  /// After each write of `path` its next `reads` still say the old value.
  void settle_late(const std::string& path, int reads) { late_[path] = reads; }
  /// The kernel may store something else than was written ("0x10" -> "16").
  void normalise(const std::string& path, std::string stored) {
    stored_as_[path] = std::move(stored);
  }
  const std::map<std::string, std::string>& contents() const { return files_; }
  const std::vector<std::string>& log() const {
    return log_;
  }  // "write PATH TEXT", "mkdir PATH" ...

 private:
  std::map<std::string, std::string> files_;  // a directory is a key ending in "/"
  struct Failure {
    int code = 0;
    int left = -1;  // how many more times; negative: for ever
  };
  struct Old {
    std::string value;
    int reads = 0;
  };
  /// The errno that this change meets, 0 if none.
  int failure(const std::string& path);

  std::map<std::string, Failure> write_errors_;
  std::map<std::string, int> late_;
  mutable std::map<std::string, Old> old_;  // what is still read instead
  std::map<std::string, std::string> stored_as_;
  std::vector<std::string> log_;
};

/// `text` without leading and trailing white space: the way single-value kernel files are compared.
std::string_view trimmed(std::string_view text);
/// Reads a single-value file as a number; a parse error names file and text.
Result<long long> read_number(const Files& files, const std::string& path);

}  // namespace isolab
