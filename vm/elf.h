// SPDX-License-Identifier: Apache-2.0
// Which shared libraries a program needs, read from the files: works for programs of another
// architecture, where ldd does not.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace isolab {

struct ElfNeeds {
  std::string arch;         // "x86_64" or "arm64"
  std::string interpreter;  // "/lib64/ld-linux-x86-64.so.2"; empty: a library or static program
  std::vector<std::string> libraries;  // DT_NEEDED: "libc.so.6"
};

/// A 64-bit little-endian ELF file of x86-64 or arm64; anything else is a parse error.
Result<ElfNeeds> read_elf(const std::filesystem::path& path);

/// Every library the program needs, itself not included: path in the guest -> file of the host.
/// `roots` are searched first, for libraries unpacked from packages; then Debian's multiarch
/// places.
Result<std::map<std::string, std::filesystem::path>> libraries_of(
    const std::filesystem::path& program, const std::vector<std::filesystem::path>& roots);

}  // namespace isolab
