// SPDX-License-Identifier: Apache-2.0
#include "cli/man_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "cli/option_words.h"
#include "cli/roff.h"

namespace isolab {
namespace {

constexpr std::string_view kDescription =
    "isolab runs real workloads on the housekeeping CPUs of a machine while its isolated CPUs are "
    "measured with a busy loop or cyclictest, and joins each latency spike with the kernel trace "
    "events that caused it. Results are on standard output, progress and warnings on standard "
    "error. What is measured is written in a profile, a YAML file.";

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kEnvironment{{
    {"ISOLAB_CACHE",
     "Unpacked kernel sources, build trees and guest kernels. The default is /var/cache/isolab for "
     "root, else $XDG_CACHE_HOME/isolab or ~/.cache/isolab."},
    {"ISOLAB_STATE_DIR",
     "Journals of what is to be restored, and the lock of a run. The default is /run/isolab for "
     "root, else $XDG_RUNTIME_DIR/isolab or /tmp/isolab-UID."},
    {"TMPDIR", "Where charts are drawn and guests have their disk. The default is /tmp."},
    {"ISOLAB_PLOTS", "The directory of the chart scripts, if not the installed one."},
    {"ISOLAB_PYTHON", "The Python that has matplotlib. The default is /usr/bin/python3."},
    {"NO_COLOR", "No colour in reports, unless --color asks for it."},
}};

std::string page_name(const Verb& verb) {
  std::string name = "isolab-" + verb.name;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

/// What --help says of it, with its limits.
std::string described(const Option& option) {
  std::string text = option.text;
  if (option.range) text += fmt::format(" ({} to {})", option.range->first, option.range->second);
  if (!option.choices.empty()) text += fmt::format(" ({})", join(option.choices, ", "));
  if (const auto value = default_text(option); !value.empty()) text += "; default: " + value;
  if (!option.excluded.empty()) text += "; not together with " + option.excluded;
  return text;
}

std::string option_entry(const Option& option) {
  if (is_by_place(option)) return roff::entry(roff::italic(option.names), described(option));
  std::vector<std::string> names;
  for (const auto& word : words_of(option)) names.push_back(roff::bold(word));
  const std::string value = is_flag(option) ? "" : " " + roff::italic(value_word(option));
  return roff::entry(join(names, ", ") + value, described(option));
}

std::string exit_status() {
  std::string text = ".SH EXIT STATUS\n";
  for (int code = 0; code <= static_cast<int>(kLastExitCode); ++code)
    text += roff::entry(roff::bold(std::to_string(code)), exit_code_text(ExitCode{code}));
  return text;
}

std::string list_of_verbs(const std::vector<Verb>& verbs, const std::string& group) {
  std::string text = ".SH VERBS\n";
  for (const auto* verb : shown_verbs(verbs))
    if (verb->name.starts_with(group))
      text += roff::entry(roff::reference(page_name(*verb), 1), verb->summary);
  return text;
}

std::string program_page(const std::vector<Verb>& verbs) {
  std::string text =
      roff::head("isolab", 1, kProgramSummary) +
      fmt::format(".SH SYNOPSIS\n.B isolab\n{} [{}]...\n.SH DESCRIPTION\n{}\n",
                  roff::italic("VERB"), roff::italic("OPTION"), roff::plain(kDescription)) +
      list_of_verbs(verbs, "") +
      fmt::format(".SH OPTIONS\n{}{}",
                  roff::entry(roff::bold("-h") + ", " + roff::bold("--help"),
                              "Print the verbs, or the options of a verb."),
                  roff::entry(roff::bold("--version"), "Print the version and the commit.")) +
      exit_status() + ".SH ENVIRONMENT\n";
  for (const auto& [name, meaning] : kEnvironment) text += roff::entry(roff::bold(name), meaning);
  return text + fmt::format(".SH SEE ALSO\n{},\n{},\n{}\n", roff::reference("isolab-profile", 5),
                            roff::reference("cyclictest", 8), roff::reference("trace-cmd", 1));
}

std::string verb_page(const Verb& verb, const std::vector<Verb>& verbs) {
  std::string synopsis, options;
  for (const auto& option : verb.options) {
    if (option.hidden) continue;
    if (!is_by_place(option)) continue;
    const bool list = std::holds_alternative<std::vector<std::string>*>(option.target);
    const std::string word = roff::italic(option.names) + (list ? "..." : "");
    synopsis += option.required ? " " + word : " [" + word + "]";
  }
  for (const bool by_place : {true, false})
    for (const auto& option : verb.options)
      if (!option.hidden && is_by_place(option) == by_place) options += option_entry(option);
  options += roff::entry(roff::bold("-h") + ", " + roff::bold("--help"), "print the options");
  return roff::head(page_name(verb), 1, verb.summary) +
         fmt::format(
             ".SH SYNOPSIS\n.B isolab {}\n{}{}\n", roff::plain(verb.name),
             verb.act ? fmt::format("[{}]...", roff::italic("OPTION")) : roff::italic("VERB"),
             synopsis) +
         (verb.act ? "" : list_of_verbs(verbs, verb.name + " ")) + ".SH OPTIONS\n" + options +
         (verb.act ? exit_status() : "") +
         fmt::format(".SH SEE ALSO\n{},\n{}\n", roff::reference("isolab", 1),
                     roff::reference("isolab-profile", 5));
}

}  // namespace

std::vector<ManPage> man_pages(const std::vector<Verb>& verbs) {
  std::vector<ManPage> pages{{"isolab", 1, program_page(verbs)}};
  for (const auto* verb : shown_verbs(verbs))
    pages.push_back({page_name(*verb), 1, verb_page(*verb, verbs)});
  pages.push_back({"isolab-profile", 5, profile_page()});
  return pages;
}

}  // namespace isolab
