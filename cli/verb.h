// SPDX-License-Identifier: Apache-2.0
// What a verb of the command line is: one file and one line in verbs.def each. The declaration is
// plain data; the parser (cli/command_line.cpp), --help, the manual pages and the completions of
// shells come from it. stdout is the answer, stderr progress and warnings.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/exit_code.h"
#include "base/result.h"

namespace isolab {

/// The variable for a value of the command line; its initial value is the default. A bool is a
/// flag, an optional is empty unless it is named.
using OptionTarget = std::variant<bool*, int*, std::size_t*, double*, std::optional<int>*,
                                  std::string*, std::filesystem::path*, std::vector<std::string>*>;

/// What the value of an option names, which a shell can complete: anything or a file; a directory
/// that a run made; the name of a shipped profile or a YAML file; the name of a plug-in.
enum class ValueKind { any, recording, profile, plug_in };

/// An option of a verb, or an argument by its place:
/// Option{"--limit", &options.limit, "number of gaps"}.between(1, 100).show_default()
struct Option {
  std::string names;  // "-o,--output"; without a dash: an argument by its place, "profile"
  OptionTarget target;
  std::string text;  // what --help says

  bool required = false;
  bool hidden = false;
  bool shows_default = false;
  bool one_each = false;
  bool commas = false;
  std::optional<std::pair<double, double>> range = {};
  std::vector<std::string> choices = {};
  std::string excluded = {};
  ValueKind kind = ValueKind::any;

  Option& require() { return required = true, *this; }
  Option& hide() { return hidden = true, *this; }  // from --help, man page and completion
  Option& show_default() { return shows_default = true, *this; }
  /// Of a list: one value for each time it is named.
  Option& take_one_each() { return one_each = true, *this; }
  /// Of a list: the same, and a word is split at its commas.
  Option& split_at_commas() { return commas = one_each = true, *this; }
  /// Of a number: nothing else is taken, both limits are.
  Option& between(double least, double most) { return range = {least, most}, *this; }
  /// Of a string: nothing else is taken.
  Option& one_of(std::vector<std::string> words) { return choices = std::move(words), *this; }
  Option& names_a(ValueKind what) { return kind = what, *this; }
  /// Not together with the option of this name.
  Option& exclude(const char* other) { return excluded = other, *this; }
};

/// What the program is, for --help and the man page.
inline constexpr const char* kProgramSummary =
    "measures what interrupts isolated CPUs, which task caused it and how long it took";

struct Verb;

/// How the program was called.
struct Call {
  const std::vector<std::string>& words;  // with the program's name
  const std::vector<Verb>& verbs;         // all there are
};

struct Verb {
  std::string name;                  // "run"; in a group: "vm run", after the group in the list
  std::string summary;               // one line
  std::vector<Option> options = {};  // in the order of --help; `act` keeps their targets alive
  /// Does it. An error is printed and becomes the exit code that fits its kind (runner/complain.h).
  /// Empty: a group, which needs one of its verbs.
  std::function<Result<ExitCode>(const Call&)> act = {};
  bool hidden = false;  // from --help, man page and completion
};

#define VERB(name) Verb verb_##name();
#include "cli/verbs.def"
#undef VERB

}  // namespace isolab
