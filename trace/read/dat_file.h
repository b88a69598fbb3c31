// SPDX-License-Identifier: Apache-2.0
// A recorded trace as a trace.dat file (version 6), for `trace-cmd report` and KernelShark: the raw
// pages as the kernel wrote them behind a header of formats, symbols and names. The format is that
// of the manual page trace-cmd.dat.v6(5). Pure: reads the trace directory, hands bytes to a sink.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "trace/read/meta.h"

namespace isolab {

/// Takes the file's bytes in order; its first error ends the writing.
using ByteSink = std::function<Result<void>(std::span<const std::byte>)>;

struct DatSummary {
  int cpus = 0;             // in the file: 0 to the highest with a buffer
  std::uint64_t pages = 0;  // copied, a cut one at a buffer's end included
  std::uint64_t bytes = 0;  // of the file
};

/// `directory` is a window's trace directory (trace/read/reader.h), `uname` the text that
/// `trace-cmd dump --options` shows for the kernel; empty: none.
/// The counts of `meta.loss` go in too; where its clock is the TSC, so does the factor to
/// nanoseconds, without which trace-cmd prints ticks. Memory is bounded whatever the pages' number.
Result<DatSummary> write_dat(const std::filesystem::path& directory, const TraceMeta& meta,
                             const std::string& uname, const ByteSink& sink);

/// The symbols of a trace ("name+0x1a/0x40 [module]", by address) in the form of /proc/kallsyms.
/// Readers of that form give an address to the symbol below it, however far: so the end of every
/// known function is marked with the symbol "not_recorded", unless the next one begins there.
std::string kallsyms_text(const std::map<std::uint64_t, std::string>& symbols);

}  // namespace isolab
