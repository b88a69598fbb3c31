// SPDX-License-Identifier: Apache-2.0
// Every change to the machine that outlives a descriptor goes through the state guard: read the
// original, journal it ahead of the write, write, read back; restore in reverse. The guard lives in
// the run's process; workloads run in children and get Knobs for the paths they declared, so a
// child that is killed leaves nothing behind that the guard does not put back. When the run itself
// is killed, the supervisor or its parent restores from its journal (host/restore.h).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/files.h"

namespace isolab {

/// Something of the machine that will be changed.
struct Claim {
  enum class Kind {
    value,       // of a file
    directory,   // to be made (a tracefs instance); undone by rmdir
    cgroup,      // to be made; undone by killing what lives in it, then rmdir
    controller,  // Entry::original in the cgroup.subtree_control at `path`; undone by "-NAME"
    kprobe,      // "GROUP/NAME" (Entry::original) in the kprobe_events at `path`; undone by
                 // "-:GROUP/NAME"
  };
  Kind kind = Kind::value;
  std::string path;
};

/// Write access to one claimed file. Copyable; valid as long as the guard that gave it.
class Knob {
 public:
  Knob(Files& files, std::string path, std::string original)
      : files_(&files), path_(std::move(path)), original_(std::move(original)) {}
  const std::string& path() const { return path_; }
  /// The value found before anything was written, trimmed; of "[always] madvise never" the chosen
  /// word.
  const std::string& original() const { return original_; }
  Result<std::string> read() const { return files_->read(path_); }
  Result<void> write(std::string_view text) const { return files_->write(path_, text); }

 private:
  Files* files_;
  std::string path_;
  std::string original_;
};

/// A value that could not be restored, or that another process changed in the meantime.
struct RestoreProblem {
  std::string path;
  std::string what;  // a whole sentence
};

class StateGuard {
 public:
  /// The journal is a file below `journal_dir` (created; on tmpfs, since the settings do not
  /// survive a reboot either), named after this process; it exists only while something is to be
  /// restored.
  StateGuard(Files& files, std::filesystem::path journal_dir);
  ~StateGuard();  // restores what is left, silently; call restore() to get the problems
  StateGuard(const StateGuard&) = delete;
  StateGuard& operator=(const StateGuard&) = delete;

  // usage: check_claim() (host/journal.h) says that isolab changes no such thing.

  /// Reads and journals the original; writes nothing.
  Result<Knob> claim(const std::string& path);
  /// claim + write + read back (a few tries: sysfs may settle late, and may be busy). Equal
  /// already: no write. A file that cannot be read is not written.
  Result<void> set(const std::string& path, const std::string& value);
  /// Journals, then makes a directory that must not exist yet.
  Result<void> make_dir(const std::string& path);
  /// The same for a cgroup: what lives in it when it is restored is killed.
  Result<void> make_cgroup(const std::string& path);
  /// Journals, then enables a cgroup-v2 controller for the children; nothing if it is enabled.
  Result<void> enable_controller(const std::string& subtree_control, const std::string& name);
  /// Journals, then defines a kprobe event; `definition` is a line of kprobe_events for `name`
  /// ("GROUP/NAME"), which must not be defined yet.
  Result<void> define_kprobe(const std::string& kprobe_events, const std::string& name,
                             const std::string& definition);

  /// How many entries there are: pass to restore_to() to undo what came later.
  std::size_t mark() const { return entries_.size(); }
  /// Restores in reverse down to `mark`, goes on past errors, verifies by reading back.
  std::vector<RestoreProblem> restore_to(std::size_t mark);
  std::vector<RestoreProblem> restore() { return restore_to(0); }

  /// The changes made by isolab, for the recording.
  struct Entry {
    Claim claim;
    std::string original = {};  // of a kprobe or controller: its name
    std::string written = {};   // the value set() wrote; empty: left to a knob
    std::string stored = {};    // what the file said after it; empty: not yet confirmed
    bool knob = false;          // a knob was handed out: whatever it holds is ours
    std::string stuck = {};  // why it could not be restored when that was tried; empty: it was not
  };
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  Result<void> push(Entry entry);
  Result<void> pop();
  Result<void> make(Claim::Kind kind, const std::string& path);
  Result<void> write_journal() const;

  Files& files_;
  std::filesystem::path journal_;
  int owner_;  // our PID; a fork has nothing to restore
  std::vector<Entry> entries_;
  std::vector<Entry> stuck_;  // could not be restored: they stay in the journal
};

}  // namespace isolab
