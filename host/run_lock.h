// SPDX-License-Identifier: Apache-2.0
// One run at a time on a machine: two would measure each other. A flock on "lock" in the state
// directory; it is inherited by forks, so it is held as long as any process of the run lives.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "host/os.h"

namespace isolab {

class RunLock {
 public:
  /// busy: somebody holds it; the message says who ("process 123, profile quick"). `what` is what
  /// others are told about us.
  static Result<RunLock> take(const std::filesystem::path& state_directory,
                              const std::string& what);

 private:
  explicit RunLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace isolab
