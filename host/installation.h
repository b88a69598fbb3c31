// SPDX-License-Identifier: Apache-2.0
// Where the files that ship with isolab are: profiles, chart scripts, the preloaded heap. They are
// found from the place of the running program, so an installation may be moved to another
// directory.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace isolab {

struct Installation {
  std::filesystem::path share;    // has profiles/ and plots/
  std::filesystem::path library;  // has libisolab_heap.so
};

/// The file of the running program (/proc/self/exe, proc(5)).
Result<std::filesystem::path> own_program();

/// Of PREFIX/bin/isolab: PREFIX/share/isolab and PREFIX/lib/isolab. Of a program in the build tree:
/// the sources and the build tree. unsupported: the program is in neither; denied: another user
/// than the caller, root or who called sudo owns PREFIX/share/isolab or may write to it, so that
/// this user could choose what root runs.
Result<Installation> installation_of(const std::filesystem::path& program);

/// Of the running program.
Result<Installation> installation();

}  // namespace isolab
