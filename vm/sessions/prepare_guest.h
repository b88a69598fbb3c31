// SPDX-License-Identifier: Apache-2.0
// A guest for isolab's own verbs: finds our program for the guest's architecture, cyclictest and
// hackbench, a kernel, and boots them together (vm/machine.h).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "host/os.h"
#include "plan/profile.h"
#include "vm/machine.h"

namespace isolab {

struct VmOptions {
  std::string arch;    // "x86_64", "arm64"; of vm run several, joined by commas; empty: ours
  std::string kernel;  // as --kernel takes it; empty: the newest plain one
  int cpus = 4;
  std::string topology;           // "2x2x2": sockets, cores, threads; then cpus is their product
  std::string isolated = "auto";  // auto: the upper half of the CPUs; none; or a list
  std::string append;
  int memory_mb = 3072;
  std::string accelerator = "tcg";
  std::string program;  // isolab for the guest's architecture; empty: ours or build-arm64/isolab
  std::vector<std::string> with;  // more programs for the guest
  std::string timeout;            // a duration; empty: by the profile
  bool keep = false;
  bool quiet = false;
};

/// A directory for one guest, removed at the end unless it is to be kept or the guest failed.
class VmDirectory {
 public:
  static Result<VmDirectory> create();
  VmDirectory(VmDirectory&& other) noexcept
      : path_(std::exchange(other.path_, {})), held_(std::move(other.held_)) {}
  VmDirectory& operator=(VmDirectory&&) = delete;
  ~VmDirectory();
  const std::filesystem::path& path() const { return path_; }
  void keep();

 private:
  explicit VmDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
  Fd held_;  // a locked file in it, by which the next isolab tells that we live
};

/// "x86_64,arm64" -> both; checks the words.
Result<std::vector<std::string>> vm_architectures(const std::string& list);

/// Everything but the commands and files. Programs that cannot be had are left out, with a line in
/// `notes`.
Result<GuestSpec> prepare_guest(const VmOptions& options, const std::string& arch,
                                const std::filesystem::path& directory,
                                std::vector<std::string>& notes);

/// Boots it, forwards its output, ends on Ctrl-C.
Result<GuestOutcome> boot_guest(const GuestSpec& spec,
                                const std::function<void(const std::string&)>& console);

/// How long a profile may take under emulation, with margin.
Nanos guest_time_limit(const Profile& profile);

/// Lines of a kernel log that indicate faults: warnings, oopses and taints.
std::vector<std::string> kernel_complaints(const GuestOutcome& outcome);

}  // namespace isolab
