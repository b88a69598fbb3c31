// SPDX-License-Identifier: Apache-2.0
// The bulk of a window in compact files: a histogram as text that any tool reads, a gap log as
// little-endian bytes. Both carry what detects a cut or a flipped byte; docs/recording-format.md.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/records.h"
#include "base/result.h"

namespace isolab {

/// "bucket,lowest,highest,count" lines of the buckets in use, then "total,N".
std::string print_histogram(const Histogram& histogram);
/// Errors are "file:line: what is wrong".
Result<Histogram> read_histogram(const std::string& file, const std::string& text);

/// Magic "ISOLGAPS", u32 version, u32 zero, u64 count, count pairs of u64 (start, length), and the
/// FNV-1a hash (64 bits) of everything before it.
std::string pack_gaps(std::span<const Gap> gaps);
/// Errors are "file:offset: what is wrong", offsets in bytes.
Result<std::vector<Gap>> unpack_gaps(const std::string& file, const std::string& bytes);
/// The same checks on a file that stays on disk: from 64 KiB on the gaps are in a private mapping,
/// and reading them in order with GapList::for_each() keeps about 1 MiB of it in memory. `shown` is
/// the file's name in messages about its content. A file that is cut while it is mapped ends the
/// process with a message and exit code 1 (base/untrusted_file.h).
Result<GapList> load_gaps(const std::filesystem::path& file, const std::string& shown);

}  // namespace isolab
