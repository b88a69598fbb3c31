// SPDX-License-Identifier: Apache-2.0
// Command lines as words: the kernel's, and a shell's. Needs nothing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace isolab {

/// Split at blanks outside double quotes, which stay in the words: `dyndbg="file x.c +p"` is one
/// (lib/cmdline.c, next_arg()). An open quote goes on to the end.
std::vector<std::string> command_line_words(std::string_view line);

/// `line` without `words`, each taken out once, from the end: appended words come last.
std::string command_line_without(std::string_view line, const std::vector<std::string>& words);

/// An argument as a shell takes it: quoted where it must be.
std::string shell_word(const std::string& word);

}  // namespace isolab
