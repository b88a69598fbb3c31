// SPDX-License-Identifier: Apache-2.0
// The state guard's journal: a small text file, replaced as a whole (write beside it, rename), so that
// a kill at any moment leaves the old or the new one. Words are percent-escaped: a value may hold
// spaces, newlines or the words of the format itself.
//
//   isolab-journal 1
//   owner PID START          START: field 22 of /proc/PID/stat, so a recycled PID is not our process
//   value PATH ORIGINAL WRITTEN STORED KNOB
//   directory PATH
//   end
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/guard.h"

namespace isolab {

struct ProcessIdentity {
  int pid = 0;
  std::uint64_t start_ticks = 0;  // since boot; 0: could not be read
  bool operator==(const ProcessIdentity&) const = default;
};

ProcessIdentity own_identity();
bool still_running(const ProcessIdentity& process);

struct Journal {
  ProcessIdentity owner;
  std::vector<StateGuard::Entry> entries;  // in the order they were made
};

std::string journal_text(const Journal& journal);
/// ErrorKind::parse for anything journal_text() does not write, a missing "end" included.
Result<Journal> parse_journal(std::string_view text);

/// Makes the directory (0700) when needed.
Result<void> save_journal(const std::filesystem::path& path, const Journal& journal);
Result<Journal> load_journal(const std::filesystem::path& path);

}  // namespace isolab
