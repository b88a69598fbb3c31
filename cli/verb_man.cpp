// SPDX-License-Identifier: Apache-2.0
// The verb man: the man page, made from the declarations.
#include <fmt/format.h>

#include "base/output.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/option_words.h"

namespace isolab {
namespace {

/// Text that roff prints as it is: a dash stays a dash, and no line is a request.
std::string roff(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\')
      escaped += "\\e";
    else if (c == '-')
      escaped += "\\-";
    else
      escaped += c;
  }
  return (escaped.starts_with('.') || escaped.starts_with('\'') ? "\\&" : "") + escaped;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

/// What --help says of it, with its limits.
std::string described(const Option& option) {
  std::string text = option.text;
  if (option.range) text += fmt::format(" ({} to {})", option.range->first, option.range->second);
  if (!option.choices.empty()) text += fmt::format(" ({})", join(option.choices, ", "));
  if (const auto value = default_text(option); !value.empty()) text += "; default: " + value;
  if (!option.excluded.empty()) text += "; not together with " + option.excluded;
  return roff(text);
}

std::string option_entry(const Option& option) {
  if (is_by_place(option))
    return fmt::format(".TP\n{}\n{}\n", italic(option.names), described(option));
  std::vector<std::string> names;
  for (const auto& word : words_of(option)) names.push_back(bold(word));
  return fmt::format(".TP\n{}{}\n{}\n", join(names, ", "),
                     is_flag(option) ? "" : " " + italic(value_word(option)), described(option));
}

std::string verb_section(const Verb& verb) {
  std::string title = "isolab " + verb.name, entries;
  for (const auto& option : verb.options) {
    if (option.hidden) continue;
    if (is_by_place(option)) title += " " + option.names;
    entries += option_entry(option);
  }
  return fmt::format(".SS {}\n{}\n{}", roff(title), roff(verb.summary), entries);
}

std::string exit_status() {
  std::string text = ".SH EXIT STATUS\n";
  for (int code = 0; code <= static_cast<int>(kLastExitCode); ++code)
    text += fmt::format(".TP\n{}\n{}\n", bold(std::to_string(code)),
                        roff(exit_code_text(ExitCode{code})));
  return text;
}

std::string man_page(const std::vector<Verb>& verbs) {
  std::string text = fmt::format(
      ".\\\" Made by `isolab man`.\n.TH ISOLAB 1 \"\" \"isolab {}\" \"User Commands\"\n"
      ".SH NAME\nisolab \\- {}\n.SH SYNOPSIS\n.B isolab\n{} [{}]...\n"
      ".SH DESCRIPTION\nisolab runs real workloads on the housekeeping CPUs of a machine while its "
      "isolated CPUs are measured with a busy loop or cyclictest, and joins each latency spike "
      "with "
      "the kernel trace events that caused it. Results are on standard output, progress and "
      "warnings on standard error.\n.SH VERBS\n",
      kVersion, roff(kProgramSummary), italic("VERB"), italic("OPTION"));
  for (const auto* verb : shown_verbs(verbs)) text += verb_section(*verb);
  return text + exit_status();
}

}  // namespace

Verb verb_man() {
  return {.name = "man",
          .summary = "print the man page",
          .act = [](const Call& call) -> Result<ExitCode> {
            print(man_page(call.verbs));
            return ExitCode::done;
          },
          .hidden = true};
}

}  // namespace isolab
