// SPDX-License-Identifier: Apache-2.0
// The directory of journals, and its permissions.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "host/os.h"

namespace isolab {

/// $ISOLAB_STATE_DIR; else /run/isolab for root, $XDG_RUNTIME_DIR/isolab or /tmp/isolab-UID for
/// others.
std::filesystem::path default_journal_dir();

/// Its descriptor, for readers and writers: the checks apply to the open directory. unsupported: it
/// does not exist. denied: it is a link, belongs to another user, or others may write to it - in
/// /tmp any user may have made it before.
Result<Fd> open_state_directory(const std::filesystem::path& directory);
/// The same; makes it with mode 0711 (a name inside can be asked for, nothing can be listed or
/// read) when it is not there.
Result<Fd> prepare_state_directory(const std::filesystem::path& directory);

}  // namespace isolab
