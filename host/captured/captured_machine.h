// SPDX-License-Identifier: Apache-2.0
// The door for machines that are not this one: a file of `isolab facts --capture`, a directory that
// holds proc/ and sys/, or an unpacked sosreport. The input is not trusted: only regular files are
// read, their sizes are bounded, and no path or symbolic link leads out of the directory.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "host/facts/facts.h"
#include "host/files.h"

namespace isolab {

/// Opens the machine. Every error names the file, and the place in it. parse: it is neither of the
/// three; unsupported: a directory on a kernel without openat2(2) (Linux 5.6).
Result<std::unique_ptr<Files>> open_captured_machine(const std::filesystem::path& path);

/// The facts of another machine: as read_kernel_facts(), without those that only the running system
/// can give (page size, installed libraries, topology by hwloc).
HostFacts read_captured_facts(const Files& files);

/// `text` with each control character but tabs and newlines as "?": what a captured file holds may
/// reach a terminal.
std::string printable(std::string text);

}  // namespace isolab
