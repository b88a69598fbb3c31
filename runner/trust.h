// SPDX-License-Identifier: Apache-2.0
// A profile may name programs to run as the user who runs it, often root. Only those that ship with
// isolab may without being asked for (docs/decisions/allow-commands.md).
#pragma once

#include <string>
#include <vector>

#include "base/plan.h"
#include "base/result.h"

namespace isolab {

/// What of a plan runs or builds code that the profile chose, or makes the kernel run it, one
/// phrase each: "arm noise: command argv=[stress-ng --vm 2]". Empty: nothing.
std::vector<std::string> foreign_code(const Plan& plan);

/// The file is in isolab's own directory of profiles (installed, or of the source tree it was built
/// from), really and not by a link, and belongs to root, to us, or to whom sudo acts for.
bool ships_with_isolab(const std::string& profile_path);

/// denied: the profile would run code, does not ship with isolab, and --allow-commands was not
/// given.
Result<void> check_commands(const std::string& profile_path, const Plan& plan, bool allowed);

}  // namespace isolab
