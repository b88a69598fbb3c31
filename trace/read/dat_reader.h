// SPDX-License-Identifier: Apache-2.0
// Reads a trace.dat file of trace-cmd (versions 6 and 7): where each CPU's pages are, and the
// formats, symbols and names beside them. The formats are those of the manual pages
// trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5). Pure: bytes in, values out. Hostile bytes are a
// parse error that names their offset.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "trace/read/meta.h"

namespace isolab {

struct DatFormat {
  std::string system;
  std::string_view text;  // of the format file
};

struct DatFile {
  std::uint32_t page_bytes = 0;
  std::string_view header_page, header_event;
  std::vector<DatFormat> formats;
  std::string_view kallsyms;  // as /proc/kallsyms
  std::string_view comms;     // lines "PID COMM"
  std::string clock;          // "local", "x86-tsc" ...; empty: the file does not say
  std::string uname;          // "Linux 6.12.0 x86_64"; empty: not there
  std::uint32_t tsc_mult = 0, tsc_shift = 0;      // ns = time * mult >> shift; 0: not there
  std::map<int, TraceLoss> loss;                  // by CPU, where the file says it
  std::vector<std::span<const std::byte>> pages;  // by CPU; empty: none
  std::vector<std::string> not_read;              // instances whose pages are not here; "": the top
  std::vector<std::unique_ptr<char[]>> unpacked;  // what views of a compressed file point into
};

/// Whether the bytes begin as a trace.dat of any version.
bool is_dat(std::string_view bytes);

/// unsupported: a big-endian or 32-bit machine, a compression other than zlib and zstd, or no
/// per-CPU pages (trace-cmd record -p latency tracers). Of several instances the one with the most
/// bytes is read. The views live as long as `bytes` and the DatFile. Unpacks at most 4 MiB and 64
/// bytes for each byte of the file, and never more than 8 GiB.
Result<DatFile> read_dat(std::string_view bytes);

}  // namespace isolab
