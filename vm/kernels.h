// SPDX-License-Identifier: Apache-2.0
// Kernels to boot: Debian's packages, found through apt, checked by their SHA-256, unpacked into a
// cache. Needs apt-get, apt-cache, dpkg-deb and xz; changes nothing outside the cache.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace isolab {

/// A Debian package that holds a kernel.
struct KernelPackage {
  std::string arch;     // "x86_64" or "arm64"
  std::string name;     // what --kernel takes: "6.12", "6.12-rt", "6.12-cloud"
  std::string release;  // uname -r: "6.12.117+deb12-amd64"
  std::string package;  // "linux-image-6.12.117+deb12-amd64"
  std::string version;  // of the package
  std::string sha256;   // of the .deb, from apt's signed lists
  bool cached = false;  // unpacked already
};

/// What a boot needs of a kernel.
struct Kernel {
  std::string name;     // for people
  std::string release;  // empty for an image that came without
  std::filesystem::path image;
  std::filesystem::path config;   // empty: none
  std::filesystem::path modules;  // directory with .ko or .ko.xz files; empty: everything built in
  std::string sha256;             // of the package or the image
};

/// Where fetched packages live: vm/ in user_cache_directory(); made, and checked to belong to this
/// user (host/cache_directory.h).
Result<std::filesystem::path> vm_cache();

/// The newest package of every name ("6.12-rt") that apt knows of this architecture, newest first.
Result<std::vector<KernelPackage>> list_kernels(const std::string& arch);

/// `which`: a name of list_kernels, the path of a .deb, or of a kernel image. Fetches and unpacks
/// what is not cached. "": the newest plain one.
Result<Kernel> provide_kernel(const std::string& arch, const std::string& which);

/// Fetches a package of any kind into the cache and unpacks it there; its root. Checked like a
/// kernel's.
Result<std::filesystem::path> provide_package(const std::string& arch, const std::string& package);

/// For tests: lines of `apt-cache search` -> package names of kernels, without debug symbols and
/// unsigned twins, each with its short name.
std::map<std::string, std::string> kernel_packages_in(const std::string& text,
                                                      const std::string& arch);

}  // namespace isolab
