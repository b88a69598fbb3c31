// SPDX-License-Identifier: Apache-2.0
// Declarations of options as the completion and the man page show them.
#pragma once

#include <string>
#include <vector>

#include "cli/verb.h"

namespace isolab {

/// "-o" and "--output".
std::vector<std::string> words_of(const Option& option);
bool is_by_place(const Option& option);
bool is_flag(const Option& option);
/// What stands for its value: "FILE", "N"; empty for a flag.
std::string value_word(const Option& option);
/// Its default value; empty where --help shows none.
std::string default_text(const Option& option);

/// In the order of the list; hidden verbs are left out.
std::vector<const Verb*> shown_verbs(const std::vector<Verb>& verbs);

}  // namespace isolab
