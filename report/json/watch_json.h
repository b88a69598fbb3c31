// SPDX-License-Identifier: Apache-2.0
// The findings of `isolab watch` as JSON: every task, CPU and cause, times in ns.
#pragma once

#include <string>

#include "analysis/watch/watch.h"

namespace isolab {

std::string watch_to_json(const WatchFindings& findings, const std::string& command_end);

}  // namespace isolab
