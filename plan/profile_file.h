// SPDX-License-Identifier: Apache-2.0
// Where a profile is: a path, or the name of a shipped one.
#pragma once

#include <string>

#include "base/result.h"

namespace isolab {

/// "lpc2022" is profiles/lpc2022.yaml beside the sources this was built from, or where it was
/// installed, unless a file of that very name is here; whatever has a '/' or ".yaml" is a path.
/// usage: no such profile; the hint lists the shipped names.
Result<std::string> find_profile(const std::string& name);

/// The name of a shipped profile with this path, wherever it was installed; otherwise the path.
std::string shipped_name(const std::string& path);

/// Whether a hash in full begins with what the user gave, which has at least eight digits.
Result<void> check_profile_hash(const std::string& wanted, const std::string& hash,
                                const std::string& profile);

}  // namespace isolab
