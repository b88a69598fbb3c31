// SPDX-License-Identifier: Apache-2.0
// The files and texts of the kernel build: the unpacked source in the cache, the
// stamp of a prepared build directory, the output of make, and which objects are removed between
// two rounds.
//
// The cache:  source/KEY/tree          the unpacked tarball, renamed into place when it is complete
//             source/KEY/sha256        of the tarball, taken once
//             source/KEY/package       name and version of the Debian package it came from
//             build/KEY.CONFIG/        make's O= directory; .isolab_stamp says what it was prepared
//             for
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/os.h"

namespace isolab {

/// A kernel source tree and where it came from.
struct KernelSource {
  std::filesystem::path tree;
  std::string key;      // identifies tarball or tree in the cache
  std::string origin;   // "linux-source-6.12 6.12.117-1~deb12u1" or the tarball's or tree's path
  std::string sha256;   // of the tarball; of a given tree "git COMMIT", or empty
  std::string version;  // "6.12.117", from its Makefile
};

/// Name, size and time of the tarball in one word: what names it in the cache.
Result<std::string> tarball_key(const std::filesystem::path& tarball);

/// The unpacked tarball; unpacks it (10-30 s, 1.7 GB) when the cache does not have it. Waits for
/// another run that is unpacking it just now.
Result<KernelSource> unpacked_source(const std::filesystem::path& tarball,
                                     const std::filesystem::path& cache,
                                     const std::filesystem::path& log, const StopFlag& stop);

/// A tree of the user; only read. Usage error where an in-tree build makes O= impossible.
Result<KernelSource> given_source(const std::filesystem::path& tree);

/// "6.12.117" from the text of a kernel's top Makefile; parse error if it is none.
Result<std::string> kernel_version(std::string_view makefile);

/// Exclusive use of a directory while it lives; busy if another process has it.
Result<Fd> lock_directory(const std::filesystem::path& directory);

/// SHA-256 of the .config of a build directory.
std::string config_sha256(const std::filesystem::path& build);

/// The stamp says `text`: nothing has changed since the directory was prepared.
bool stamp_matches(const std::filesystem::path& build, const std::string& text);
/// Written last, so that a directory that was not prepared to the end has no stamp.
Result<void> write_stamp(const std::filesystem::path& build, const std::string& text);

/// Counts compiled units in make's output as it comes: the lines "  CC      lib/sort.o" (also [M]),
/// not those of host tools. A line may arrive in pieces.
class MakeOutput {
 public:
  /// Returns the units that this piece completes.
  std::uint64_t feed(std::string_view piece);

 private:
  std::string rest_;
};

/// "lib/", "kernel/ mm/", "lib/sort.o" or "vmlinux"; usage error for anything that could leave the
/// build directory or be an option or variable of make.
Result<std::vector<std::string>> split_targets(const std::string& targets);

/// Deletes the objects (*.o, *.a and their .cmd files) that a target builds, nothing else: below
/// the folder "lib/", the one object "lib/sort.o", or for a whole-kernel target everywhere except
/// in scripts and tools, which are host programs. Returns how many files went.
std::size_t delete_objects(const std::filesystem::path& build, const std::string& target);

}  // namespace isolab
