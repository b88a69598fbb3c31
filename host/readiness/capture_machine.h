// SPDX-License-Identifier: Apache-2.0
// This machine as a capture (host/captured/capture.h). Changes nothing.
#pragma once

#include <string>

#include "host/files.h"

namespace isolab {

/// Reads what facts and readiness read, and gives it as such an archive.
std::string capture_machine(const Files& files, const std::string& title);

}  // namespace isolab
