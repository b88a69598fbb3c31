// SPDX-License-Identifier: Apache-2.0
// Undoing what the journal lists: for the guard itself, for the processes that outlive it (the
// supervisor and the parent of a run, runner/supervise.h), and for `isolab restore`.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/guard.h"

namespace isolab {

/// What became of one entry.
struct Undone {
  bool done = true;  // false: it is still to be restored
  std::optional<RestoreProblem> problem = {};
};

/// Restores one entry and verifies it. A value that is neither the original nor written by isolab
/// is reported and not changed. The value of a knob always counts as written by isolab, since this
/// cannot be determined.
Undone undo(Files& files, const StateGuard::Entry& entry);
/// One line of shell that does the same, or a comment that says why nothing is to be done.
std::string undo_as_shell(const Files& files, const StateGuard::Entry& entry);

/// Journals left by runs that died without restoring (their process no longer exists) or that could
/// not restore everything, and those that cannot be read, sorted. None where the directory is not
/// there. denied: it is not to be trusted (host/state_directory.h).
Result<std::vector<std::filesystem::path>> stale_journals(const std::filesystem::path& journal_dir);
/// The error for a process that finds such a journal, with the remedy (busy); parse or denied: it
/// is damaged, or not trusted.
Error leftover(const Files& files, const std::filesystem::path& journal);

enum class Stuck {
  keep,    // what cannot be restored stays in the journal, with the reason
  forget,  // it is tried again, then dropped; a damaged journal is removed
};
/// Restores everything in a stale journal and deletes it on success. A journal of an earlier
/// boot is only deleted: its settings ended with that kernel. One that lists what isolab does
/// not change (check_claim()) is damaged: none of it is used.
std::vector<RestoreProblem> restore_journal(Files& files, const std::filesystem::path& journal,
                                            Stuck stuck = Stuck::keep);
/// restore_journal() as a shell script, changing nothing.
Result<std::string> restore_script(const Files& files, const std::filesystem::path& journal);

// Parts that the guard shares.

/// Trimmed; of "[always] madvise never" the chosen word.
Result<std::string> read_value(const Files& files, const std::string& path);
/// Reads until the file contains `wanted`, at most 5 times, 5 ms apart; returns the last content.
Result<std::string> read_back(const Files& files, const std::string& path,
                              const std::string& wanted);
/// Repeats what answers EBUSY every 25 ms for up to a second: a killed process closes late.
Result<void> while_busy(const std::function<Result<void>()>& act);
/// Whether the text of cgroup.subtree_control names it.
bool controller_enabled(std::string_view subtree_control, std::string_view name);
/// Whether the text of kprobe_events defines "GROUP/NAME".
bool kprobe_defined(std::string_view kprobe_events, std::string_view name);

}  // namespace isolab
