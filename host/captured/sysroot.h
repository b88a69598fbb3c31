// SPDX-License-Identifier: Apache-2.0
// Kernel files copied into a directory tree by another user.
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "host/captured/read_only_files.h"
#include "host/os.h"

namespace isolab {

/// Files below a directory, with paths as on the machine ("/proc/interrupts"). Symbolic links are
/// resolved as if the directory were the root (openat2(2), RESOLVE_IN_ROOT), so that none leads
/// out. Only regular files of at most 64 MiB are read.
class SysrootFiles final : public ReadOnlyFiles {
 public:
  static Result<std::unique_ptr<SysrootFiles>> open(const std::filesystem::path& directory);

  Result<std::string> read(const std::string& path) const override;
  Result<std::vector<std::string>> list(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  Result<std::string> read_link(const std::string& path) const override;

  /// What is read where the tree has no such file.
  void add_derived(const std::string& path, std::string text) {
    derived_.emplace(path, std::move(text));
  }

 private:
  SysrootFiles(std::string name, Fd root) : name_(std::move(name)), root_(std::move(root)) {}

  std::string name_;  // of the directory, for errors
  Fd root_;
  std::map<std::string, std::string> derived_;
};

/// An unpacked sosreport: its copies of kernel files, and what its commands printed where the
/// kernel file itself was not copied: `sysctl -a` for /proc/sys, `uname -a` for the release,
/// `lscpu` for the online CPUs.
void add_sosreport_commands(SysrootFiles& files);

}  // namespace isolab
