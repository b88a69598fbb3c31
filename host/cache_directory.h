// SPDX-License-Identifier: Apache-2.0
// Where isolab keeps what is expensive to make again: kernel sources, build trees, guest kernels.
// What lies there is built and booted, so no other user may own it.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace isolab {

/// What workloads keep: $ISOLAB_CACHE; else /var/cache/isolab for root, which all users' runs
/// share; else user_cache_directory(). Nothing is made.
std::filesystem::path cache_directory();

/// What guests keep, which need no root: $ISOLAB_CACHE; else $XDG_CACHE_HOME/isolab or
/// $HOME/.cache/isolab. A relative $XDG_CACHE_HOME is ignored, as the XDG base directory
/// specification demands. Empty where none of them is set: no place is safe then.
std::filesystem::path user_cache_directory();

/// Makes a directory of the cache, and what is above it, where it is not there; check_cached().
/// unsupported: `directory` is empty, as user_cache_directory() may be.
Result<void> prepare_cache(const std::filesystem::path& directory);
/// Whether what is found in the cache may be used: it belongs to us, to root or to who called sudo,
/// and others may not write to it (a group only where it is our own). denied: not.
Result<void> check_cached(const std::filesystem::path& place);

}  // namespace isolab
