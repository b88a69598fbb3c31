// SPDX-License-Identifier: Apache-2.0
// Where a profile is: a path, or the name of a shipped one.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace isolab {

/// "lpc2022" is profiles/lpc2022.yaml of the installation (host/installation.h), unless a file of
/// that very name is in the working directory; a name with a '/' or ".yaml" is a path.
/// usage: no such profile, with the names there are; else what installation() says.
Result<std::string> find_profile(const std::string& name);

/// The names of the profiles that ship with isolab, sorted; none where they are not installed.
std::vector<std::string> shipped_profiles();

/// The name of a shipped profile that goes by this path wherever it was installed; else the path.
std::string shipped_name(const std::string& path);

/// Whether a hash in full begins with what the user gave, which has at least eight digits.
Result<void> check_profile_hash(const std::string& wanted, const std::string& hash,
                                const std::string& profile);

}  // namespace isolab
