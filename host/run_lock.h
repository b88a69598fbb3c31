// SPDX-License-Identifier: Apache-2.0
// One run at a time on a machine, for all users: two would measure each other. A flock on
// "isolab.UID" in a directory that every user sees; it is inherited by forks, so it is held as long
// as any process of the run lives. Leaves that small file.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "host/os.h"

namespace isolab {

/// $ISOLAB_STATE_DIR; otherwise /run/lock, where users see each other's locks; otherwise, if that
/// does not exist or is not writable, the directory of journals.
std::filesystem::path default_lock_dir();

class RunLock {
 public:
  /// busy: a lock is held; the message gives its owner and, visible, the first 200 bytes of its
  /// text ("process 123 of user 0, profile quick"). Any user may hold one. Of two that start at
  /// once both may be refused, never neither. denied: the file belongs to another user, or is a
  /// link. `what` is the text for others.
  static Result<RunLock> take(const std::filesystem::path& directory, const std::string& what);

 private:
  explicit RunLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace isolab
