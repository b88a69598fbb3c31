// SPDX-License-Identifier: Apache-2.0
// From the words of a command line to a verb and its exit code.
#pragma once

#include <string>
#include <vector>

#include "base/exit_code.h"
#include "cli/verb.h"

namespace isolab {

/// Carries out the verb that `words` (with the program's name) name, or prints --help or `version`;
/// every error and exception ends here, as text on stderr and as the exit code.
ExitCode carry_out(const std::vector<std::string>& words, std::vector<Verb> (*list)(),
                   const std::string& version);

}  // namespace isolab
