// SPDX-License-Identifier: Apache-2.0
// The bulk of a window in compact files: a histogram as text that any tool reads, a gap log as
// little-endian bytes. Both carry what detects a cut or a flipped byte; docs/recording-format.md.
#pragma once

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
std::string pack_gaps(const std::vector<Gap>& gaps);
/// Errors are "file:offset: what is wrong", offsets in bytes.
Result<std::vector<Gap>> unpack_gaps(const std::string& file, const std::string& bytes);

}  // namespace isolab
