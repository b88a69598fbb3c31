// SPDX-License-Identifier: Apache-2.0
// The initramfs of a guest: isolab as PID 1, the programs it needs with their libraries, the
// kernel's modules and the commands to run. vm/guest.h reads it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "vm/kernels.h"

namespace isolab {

using Command = std::vector<std::string>;

struct ImageSpec {
  std::string arch;  // "x86_64" or "arm64"
  Kernel kernel;
  std::filesystem::path isolab;                        // our program, of that architecture
  std::vector<std::filesystem::path> programs;         // go to /usr/bin with their libraries
  std::vector<std::filesystem::path> library_roots;    // unpacked packages, searched first
  std::map<std::string, std::filesystem::path> files;  // path in the guest -> file or directory
  std::vector<Command> commands;  // in order; an argv[0] of "isolab" is our program
};

Result<void> write_image(const ImageSpec& spec, const std::filesystem::path& target);

}  // namespace isolab
