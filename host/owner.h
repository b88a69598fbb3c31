// SPDX-License-Identifier: Apache-2.0
// Whether files that another user may have made are to be built, booted or run.
#pragma once

#include <sys/stat.h>

#include <string>

namespace isolab {

/// Why what lies at a place of these facts is not to be trusted: it belongs to another user than
/// the caller, root or who called sudo, or others may write to it (a group only where it is the
/// caller's own). Empty: it may be used.
std::string why_untrusted(const struct stat& facts);

}  // namespace isolab
