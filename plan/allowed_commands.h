// SPDX-License-Identifier: Apache-2.0
// A profile may name programs to run as the user who runs it, often root. Only those that ship with
// isolab may do so without --allow-commands (docs/decisions/allow-commands.md).
#pragma once

#include <string>
#include <vector>

#include "base/plan.h"
#include "base/result.h"

namespace isolab {

/// The parts of a plan that need --allow-commands: code that the profile chose to run or to build,
/// and kernel files that are not known to be harmless. One phrase each, on one line: "arm noise:
/// command argv=[stress-ng
/// --vm 2]". Empty: nothing.
std::vector<std::string> foreign_code(const Plan& plan);

/// Whether any profile may write this kernel file: what tunes scheduling, memory management,
/// workqueues, frequencies and idle states, and neither weakens the machine's security, starts
/// programs, nor stops the machine.
bool is_harmless_setting(const std::string& path);

/// Why the kernel does not take the present value of this file back once `value` was written;
/// empty: nothing is known against it. Refused in every profile.
std::string cannot_be_put_back(const std::string& path, const std::string& value);

/// The file behind the descriptor is in isolab's directory of profiles (installed, or of the source
/// tree it was built from) and belongs to root, to this user, or to the user who called sudo. Where
/// /proc is missing, nothing ships.
bool ships_with_isolab(int file);

/// denied: the profile asks first (foreign_code), does not ship with isolab, and --allow-commands
/// was not given.
Result<void> check_commands(const std::string& profile_path, bool ships, const Plan& plan,
                            bool allowed);

}  // namespace isolab
