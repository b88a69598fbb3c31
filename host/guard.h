// SPDX-License-Identifier: Apache-2.0
// Every change to the machine that outlives a descriptor goes through the state guard: read the
// original, journal it ahead of the write, write, read back; restore in reverse. The guard lives in
// the runner's process; workloads run in children and get Knobs for the paths they declared, so a
// child that is killed leaves nothing behind that the guard does not put back.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/files.h"

namespace isolab {

/// Something of the machine a plug-in will change: the value of a file, or a directory it will make
/// (a tracefs instance, a cgroup; undone by rmdir).
struct Claim {
  enum class Kind { value, directory };
  Kind kind = Kind::value;
  std::string path;
};

/// Write access to one claimed file. Copyable; valid as long as the guard that gave it.
class Knob {
 public:
  Knob(Files& files, std::string path, std::string original)
      : files_(&files), path_(std::move(path)), original_(std::move(original)) {}
  const std::string& path() const { return path_; }
  /// The value found before anything was written, trimmed; of "[always] madvise never" the chosen word.
  const std::string& original() const { return original_; }
  Result<std::string> read() const { return files_->read(path_); }
  Result<void> write(std::string_view text) const { return files_->write(path_, text); }

 private:
  Files* files_;
  std::string path_;
  std::string original_;
};

/// A value that could not be put back, or that somebody else changed meanwhile.
struct RestoreProblem {
  std::string path;
  std::string what;  // a whole sentence
};

class StateGuard {
 public:
  /// The journal is a file below `journal_dir` (created; on tmpfs, since the settings do not survive a
  /// reboot either), named after this process; it exists only while something is to be restored.
  StateGuard(Files& files, std::filesystem::path journal_dir);
  ~StateGuard();  // restores what is left, silently; call restore() to hear of problems
  StateGuard(const StateGuard&) = delete;
  StateGuard& operator=(const StateGuard&) = delete;

  /// Reads and journals the original; writes nothing.
  Result<Knob> claim(const std::string& path);
  /// claim + write + read back (a few tries: sysfs may settle late). Equal already: no write.
  Result<void> set(const std::string& path, const std::string& value);
  /// Journals, then makes a directory that must not exist yet.
  Result<void> make_dir(const std::string& path);

  /// How many entries there are: pass to restore_to() to undo what came later.
  std::size_t mark() const { return entries_.size(); }
  /// Restores in reverse down to `mark`, goes on past errors, verifies by reading back.
  std::vector<RestoreProblem> restore_to(std::size_t mark);
  std::vector<RestoreProblem> restore() { return restore_to(0); }

  /// What was changed by us and how, for the recording.
  struct Entry {
    Claim claim;
    std::string original = {};
    std::string written = {};  // the value set() wrote; empty: left to a knob
    std::string stored = {};   // what the file said after it; empty: not yet confirmed
    bool knob = false;         // a knob was handed out: whatever it holds is ours
  };
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  Result<void> push(Entry entry);
  Result<void> write_journal() const;

  Files& files_;
  std::filesystem::path journal_;
  int owner_;                   // our PID; a fork has nothing to restore
  std::vector<Entry> entries_;
  std::vector<Entry> stuck_;    // could not be restored: they stay in the journal
};

/// Journals left by runs that died without restoring (their process no longer exists).
std::vector<std::filesystem::path> stale_journals(const std::filesystem::path& journal_dir);
/// Puts back what a stale journal names and deletes it when all went well.
std::vector<RestoreProblem> restore_journal(Files& files, const std::filesystem::path& journal);

/// Where journals live: /run/isolab, or $ISOLAB_STATE_DIR (tests).
std::filesystem::path default_journal_dir();

}  // namespace isolab
