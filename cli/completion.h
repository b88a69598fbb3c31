// SPDX-License-Identifier: Apache-2.0
// The completion scripts of two shells, made from the declarations of verbs.
#pragma once

#include <string>
#include <vector>

#include "cli/verb.h"

namespace isolab {

/// For bash: the function _isolab, bound to isolab.
std::string bash_completion(const std::vector<Verb>& verbs);
/// For zsh: a file _isolab of $fpath, which may be sourced as well.
std::string zsh_completion(const std::vector<Verb>& verbs);

}  // namespace isolab
