// SPDX-License-Identifier: Apache-2.0
// The state guard's journal: a small text file, replaced as a whole (write beside it, rename), so
// that a kill at any moment leaves the old or the new one, and synced, so that a power cut does
// too. Words are percent-escaped: a value may hold spaces, newlines or the words of the format
// itself.
//
//   isolab-journal 3
//   owner PID START BOOT     START: field 22 of /proc/PID/stat, so a recycled PID is not our
//   process;
//                            BOOT: the kernel's boot ID, since settings do not survive a reboot
//   value PATH ORIGINAL WRITTEN STORED KNOB
//   directory PATH
//   cgroup PATH
//   controller PATH NAME
//   kprobe PATH NAME
//   stuck REASON             why the entry before it could not be restored when that was tried
//   end
//
// Version 2 had no "stuck"; it is still read.
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
  std::string boot = {};          // /proc/sys/kernel/random/boot_id; empty: could not be read
  bool operator==(const ProcessIdentity&) const = default;
};

ProcessIdentity own_identity();
bool still_running(const ProcessIdentity& process);
/// Both boots are known and differ: the settings of that process no longer exist.
bool of_earlier_boot(const ProcessIdentity& process);

struct Journal {
  ProcessIdentity owner;
  std::vector<StateGuard::Entry> entries;  // in the order they were made
};

std::string journal_text(const Journal& journal);
/// ErrorKind::parse for anything journal_text() does not write, a missing "end" included.
Result<Journal> parse_journal(std::string_view text);

/// Whether this is a change that isolab makes and undoes: of a plain path below /proc/sys,
/// /proc/irq or /sys, or below a mount of cgroup v2, cgroup v1 cpuset, tracefs or debugfs;
/// directories and kprobe events named "isolab...". usage, with the reason: it is none. `name`: of
/// a controller or kprobe.
Result<void> check_claim(const Files& files, const Claim& claim, const std::string& name = {});
/// For tests, whose values are ordinary files: values below `place` are allowed in this process.
void allow_claims_below(const std::string& place);

// A journal counts only in a directory that open_state_directory() accepts, and only as a regular
// file of this user that no other user may write to. Otherwise: denied.

/// Makes the directory when needed (host/state_directory.h); the file has mode 0600.
Result<void> save_journal(const std::filesystem::path& path, const Journal& journal);
/// parse: not a journal, or larger than 4 MiB.
Result<Journal> load_journal(const std::filesystem::path& path);
Result<void> remove_journal(const std::filesystem::path& path);

}  // namespace isolab
