// SPDX-License-Identifier: Apache-2.0
// Everything the program prints passes here. Messages go to stderr with write(2): one that cannot
// be written is lost and nothing else happens, so a closed terminal, a full disk or a pipe without
// a reader never prevents restoring the machine. Results go to stdout; the first failure
// there is kept, and main() makes an exit code of it. All text is made visible() on output.
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
/// JSON text with the same characters as \uNNNN, where JSON allows them as they are (DEL, C1,
/// marks). It is the same value, so only valid JSON may be given.
std::string visible_json(std::string_view text);

/// Call it first in main(), before any file is opened. Each of stdin, stdout and stderr that is
/// closed becomes /dev/null, so that no file opened later is written over by messages; a stdout
/// that was closed is remembered as an error of print(). SIGPIPE is ignored from now on (a child
/// gets its default action back when it executes a program: host/process.h).
void prepare_standard_streams();

/// "isolab: TEXT" and a newline to stderr, visible. Errors are ignored. A stderr that takes nothing
/// for a second (a terminal stopped with Ctrl-S, a pipe whose reader sleeps) loses the message, and
/// the later ones at once, until it takes something again.
void say(std::string_view text) noexcept;
/// The same without "isolab: ".
void say_line(std::string_view text) noexcept;
/// A piece of what a guest wrote to its console: visible, without carriage returns, nothing added.
void say_console(std::string_view text) noexcept;
/// Text made by the program itself (progress with its cursor movements) to stderr, as it is.
void say_raw(std::string_view text) noexcept;

/// To stdout, all of it, visible. It waits for the reader.
void print(std::string_view text);
/// The same of text that is visible() already and has the program's own colours, as it is.
void print_made(std::string_view text);
/// JSON to stdout, as visible_json().
void print_as_json(std::string_view json);
/// The first error of print() in this process. `interrupted` when the reader of a pipe went away
/// (EPIPE), which needs no message.
Result<void> printed();

}  // namespace isolab
