// SPDX-License-Identifier: Apache-2.0
// Where isolab keeps what is expensive to make again: kernel sources, build trees, guest kernels.
#pragma once

#include <filesystem>

namespace isolab {

/// What workloads keep: $ISOLAB_CACHE; else /var/cache/isolab for root, which all users' runs
/// share; else user_cache_directory(). Nothing is made.
std::filesystem::path cache_directory();

/// What guests keep, which need no root: $ISOLAB_CACHE; else $XDG_CACHE_HOME/isolab or
/// $HOME/.cache/isolab. A relative $XDG_CACHE_HOME is ignored, as the XDG base directory
/// specification demands.
std::filesystem::path user_cache_directory();

}  // namespace isolab
