// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/completion.h"
#include "cli/option_words.h"
#include "cli/plugin_entries.h"
#include "plan/profile_file.h"

namespace isolab {
namespace {

constexpr std::string_view kHead = R"zsh(#compdef isolab
# Completion of isolab in zsh. Made by `isolab completion zsh`.
_isolab_recordings() {{ _path_files -/ }}
_isolab_profiles() {{
  local -a names=({})
  _alternative "profiles:profile:($names)" 'files:profile:_files -g "*.yaml"'
}}
_isolab_plug_ins() {{
  local -a names=({})
  _wanted plug-ins expl plug-in compadd -a names
}}
)zsh";

constexpr std::string_view kTail = R"zsh(
if [[ $funcstack[1] == _isolab ]]; then
  _isolab "$@"
else
  compdef _isolab isolab
fi
)zsh";

/// Inside '...' of an argument of _arguments or _describe, where a colon divides and [ ] enclose.
std::string zsh_text(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\'')
      escaped += "'\\''";
    else if (c == ':' || c == '[' || c == ']' || c == '\\')
      escaped += std::string("\\") + c;
    else
      escaped += c;
  }
  return escaped;
}

std::string function_of(std::string verb) {
  std::replace(verb.begin(), verb.end(), ' ', '_');
  return "_isolab_verb_" + verb;
}

/// What completes the value of an option.
std::string action(const Option& option) {
  if (!option.choices.empty()) return "(" + join(option.choices, " ") + ")";
  switch (option.kind) {
    case ValueKind::recording: return "_isolab_recordings";
    case ValueKind::profile: return "_isolab_profiles";
    case ValueKind::plug_in: return "_isolab_plug_ins";
    case ValueKind::any: break;
  }
  return std::holds_alternative<std::filesystem::path*>(option.target) ? "_files" : " ";
}

std::string by_place(const Option& option) {
  const bool list = std::holds_alternative<std::vector<std::string>*>(option.target);
  return fmt::format(" \\\n    '{}:{}:{}'", list ? "*" : "", zsh_text(option.names),
                     action(option));
}

std::string by_name(const Option& option) {
  const auto names = words_of(option);
  const bool list = std::holds_alternative<std::vector<std::string>*>(option.target);
  const std::string value =
      is_flag(option) ? "" : fmt::format(":{}:{}", value_word(option), action(option));
  const std::string text = fmt::format("[{}]{}", zsh_text(option.text), value);
  if (names.size() == 1) return fmt::format(" \\\n    '{}{}{}'", list ? "*" : "", names[0], text);
  return fmt::format(" \\\n    '({})'{{{}}}'{}'", join(names, " "), join(names, ","), text);
}

std::string verb_function(const Verb& verb) {
  std::string text = fmt::format("{}() {{\n  _arguments -s", function_of(verb.name));
  text += " \\\n    '(-h --help)'{-h,--help}'[print the options]'";
  for (const auto& option : verb.options) {
    if (option.hidden) continue;
    text += is_by_place(option) ? by_place(option) : by_name(option);
  }
  return text + "\n}\n";
}

/// A function that completes a verb of the group ("": of the program) and then its arguments.
std::string group_function(const std::vector<Verb>& verbs, const std::string& group,
                           const std::string& name, const std::string& more) {
  const std::string start = group.empty() ? "" : group + " ";
  std::string listed, branches;
  for (const auto* verb : shown_verbs(verbs)) {
    if (!verb->name.starts_with(start)) continue;
    const std::string word = verb->name.substr(start.size());
    if (word.find(' ') != std::string::npos) continue;
    listed += fmt::format("    '{}:{}'\n", word, zsh_text(verb->summary));
    branches += fmt::format("    {}) {} ;;\n", word, function_of(verb->name));
  }
  return fmt::format(
      "{}() {{\n  local line state\n  local -a verbs=(\n{}  )\n"
      "  _arguments -C '(-h --help)'{{-h,--help}}'[print the verbs]'{} '1:verb:->verb' "
      "'*::argument:->rest'\n"
      "  if [[ $state == verb ]]; then\n    _describe verb verbs\n    return\n  fi\n"
      "  [[ $state == rest ]] && case $line[1] in\n{}  esac\n}}\n",
      name, listed, more, branches);
}

}  // namespace

std::string zsh_completion(const std::vector<Verb>& verbs) {
  std::string script = fmt::format(kHead, join(shipped_profiles(), " "), join(plugin_names(), " "));
  for (const auto* verb : shown_verbs(verbs))
    script += verb->act ? verb_function(*verb)
                        : group_function(verbs, verb->name, function_of(verb->name), "");
  script += group_function(verbs, "", "_isolab", " '--version[print the version and the commit]'");
  return script + std::string(kTail);
}

}  // namespace isolab
