// SPDX-License-Identifier: Apache-2.0
// The directory for data that is expensive to make: kernel sources, build trees, guest kernels.
// Its contents are built and booted, so no other user may own it.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace isolab {

/// For workloads: $ISOLAB_CACHE; otherwise /var/cache/isolab for root, which all users' runs
/// share; else user_cache_directory(). Nothing is made.
std::filesystem::path cache_directory();

/// For guests, which need no root: $ISOLAB_CACHE; otherwise $XDG_CACHE_HOME/isolab or
/// $HOME/.cache/isolab. A relative $XDG_CACHE_HOME is ignored, as the XDG base directory
/// specification demands. Empty where none of them is set: no place is safe then.
std::filesystem::path user_cache_directory();

/// Makes a directory of the cache, and what is above it, where it is not there; check_cached().
/// unsupported: `directory` is empty, as user_cache_directory() may be.
Result<void> prepare_cache(const std::filesystem::path& directory);
/// Whether the contents of the cache may be used: they belong to this user, to root or to the user
/// who called sudo, and others may not write to them (a group only if it is the user's own).
/// denied: not.
Result<void> check_cached(const std::filesystem::path& place);

}  // namespace isolab
