// SPDX-License-Identifier: Apache-2.0
// The findings of `isolab watch` on one screen.
#pragma once

#include <string>

#include "analysis/watch/watch.h"

namespace isolab {

/// `command_end`: how the watched command ended ("exit code 1"); empty: there was none.
std::string render_watch(const WatchFindings& findings, const std::string& command_end);

}  // namespace isolab
