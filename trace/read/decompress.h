// SPDX-License-Identifier: Apache-2.0
// The only place that decompresses what a trace.dat holds: zlib and zstd, the algorithms that
// trace-cmd is built with. Pure; the input is not trusted.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

namespace isolab {

enum class Compression { none, zlib, zstd };

/// "none", "zlib", "zstd"; unsupported: any other.
Result<Compression> compression_named(std::string_view name);

/// Fills `out` from `packed`. parse: it is damaged, or has not exactly as many bytes as `out`.
/// Takes no memory beside `out` that depends on the input. Not for Compression::none.
Result<void> decompress(Compression how, std::string_view packed, std::span<char> out);

}  // namespace isolab
