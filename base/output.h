// SPDX-License-Identifier: Apache-2.0
// Everything the program prints passes here. Messages go to stderr with write(2): one that cannot
// be written is lost and nothing else happens, so a closed terminal, a full disk or a pipe without
// a reader never keeps anybody from restoring the machine. Results go to stdout; the first failure
// there is kept, and main() makes an exit code of it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace isolab {

/// Text of others made safe for a terminal: control characters (C0, DEL, C1) but newline and tab,
/// invalid UTF-8, and the marks that reorder text (U+202A-U+202E, U+2066-U+2069) become \xNN, a
/// byte each. A backslash stays.
std::string visible(std::string_view text);
/// The same on one line: newline and tab become \n and \t.
std::string visible_line(std::string_view text);

/// "isolab: TEXT" and a newline to stderr, visible. Errors are ignored.
void say(std::string_view text);
/// Text made by the program itself (progress with its cursor movements) to stderr, as it is.
void say_raw(std::string_view text);

/// To stdout, all of it, as it is: who prints text of others makes it visible() first.
void print(std::string_view text);
/// The first error of print() in this process; main() asks before it returns.
Result<void> printed();

}  // namespace isolab
