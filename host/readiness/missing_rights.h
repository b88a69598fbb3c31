// SPDX-License-Identifier: Apache-2.0
// Which rights this process has not, what cannot be measured without each, and how a container gets
// it. Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "host/files.h"

namespace isolab {

struct MissingRight {
  std::string name;     // "CAP_SYS_NICE", "tracefs", "writable /proc/sys"
  std::string without;  // what is not measured then, and what is
  std::string remedy;   // for a container and its pod
};

/// The capabilities come first, in the order of their names. unsupported: /proc/self/status shows
/// no capabilities.
Result<std::vector<MissingRight>> missing_rights(const Files& files);

}  // namespace isolab
