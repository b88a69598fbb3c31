// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/text.h"
#include "cli/completion.h"
#include "cli/option_words.h"
#include "cli/plugin_entries.h"
#include "plan/profile_file.h"

namespace isolab {
namespace {

// @VERBS@ are patterns of a verb with the words before it, @CHOICES@ and @VALUES@ branches by
// verb and the word before, @WORDS@ branches by verb.
constexpr std::string_view kScript = R"(# Completion of isolab in bash. Made by `isolab completion`.
# Directories that can be a recording or hold some: those that cannot be read, and others with a manifest
# or a directory in them.
_isolab_recordings() {
  local place inside
  compopt -o filenames 2>/dev/null
  while IFS= read -r place; do
    inside=("$place"/manifest.json "$place"/*/)
    if [[ ! -r $place || -e ${inside[0]} || -d ${inside[1]} ]]; then COMPREPLY+=("$place"); fi
  done < <(compgen -d -- "$1")
}
_isolab_profiles() {
  COMPREPLY=($(compgen -W '@PROFILES@' -- "$1"))
  local IFS=$'\n'
  local places=($(compgen -d -- "$1") $(compgen -f -X '!*.yaml' -- "$1"))
  if ((${#COMPREPLY[@]} == 0)); then compopt -o filenames 2>/dev/null; fi
  COMPREPLY+=("${places[@]}")
}
_isolab() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb= verbs= options= value= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$verb ${COMP_WORDS[i]}" in
      @VERBS@) verb="${verb:+$verb }${COMP_WORDS[i]}" ;;
    esac
  done
  case "$verb $before" in
@CHOICES@    @VALUES@) return ;;
  esac
  case "$verb" in
@WORDS@  esac
  if [[ $word == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$word"))
    return
  fi
  case "$value" in
    recording) _isolab_recordings "$word" ;;
    profile) _isolab_profiles "$word" ;;
    plug_in) COMPREPLY=($(compgen -W '@PLUG_INS@' -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "$verbs" -- "$word")) ;;
  esac
}
complete -o default -F _isolab isolab
)";

/// The verbs of a group, or for "" those at the top.
std::string verbs_below(const std::vector<Verb>& verbs, const std::string& group) {
  const std::string start = group.empty() ? "" : group + " ";
  std::vector<std::string> words;
  for (const auto* verb : shown_verbs(verbs)) {
    if (!verb->name.starts_with(start)) continue;
    const std::string word = verb->name.substr(start.size());
    if (word.find(' ') == std::string::npos) words.push_back(word);
  }
  return join(words, " ");
}

/// What the arguments by their place are.
const char* value_of(const Verb& verb) {
  for (const auto& option : verb.options) {
    if (!is_by_place(option)) continue;
    switch (option.kind) {
      case ValueKind::any: break;
      case ValueKind::recording: return "recording";
      case ValueKind::profile: return "profile";
      case ValueKind::plug_in: return "plug_in";
    }
  }
  return "";
}

std::string branch(const std::string& verb, const std::string& verbs, const std::string& options,
                   const char* value) {
  return fmt::format("    '{}') verbs='{}' options='{}' value={} ;;\n", verb, verbs, options,
                     value);
}

void replace(std::string& text, std::string_view mark, const std::string& by) {
  text.replace(text.find(mark), mark.size(), by);
}

struct Branches {
  std::vector<std::string> patterns, values;
  std::string choices, words;
};

void add_options(const Verb& verb, Branches& to) {
  std::vector<std::string> options{"-h", "--help"};
  for (const auto& option : verb.options) {
    if (option.hidden || is_by_place(option)) continue;
    for (const auto& name : words_of(option)) {
      options.push_back(name);
      if (is_flag(option)) continue;
      const std::string pattern = fmt::format("'{} {}'", verb.name, name);
      if (option.choices.empty())
        to.values.push_back(pattern);
      else
        to.choices +=
            fmt::format("    {}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n", pattern,
                        join(option.choices, " "));
    }
  }
  to.words += branch(verb.name, "", join(options, " "), value_of(verb));
}

}  // namespace

std::string bash_completion(const std::vector<Verb>& verbs) {
  Branches branches;
  branches.words = branch("", verbs_below(verbs, ""), "--help --version", "");
  for (const auto* verb : shown_verbs(verbs)) {
    const bool grouped = verb->name.find(' ') != std::string::npos;
    branches.patterns.push_back(fmt::format("'{}{}'", grouped ? "" : " ", verb->name));
    if (verb->act)
      add_options(*verb, branches);
    else
      branches.words += branch(verb->name, verbs_below(verbs, verb->name), "-h --help", "");
  }
  std::string script(kScript);
  replace(script, "@PROFILES@", join(shipped_profiles(), " "));
  replace(script, "@PLUG_INS@", join(plugin_names(), " "));
  replace(script, "@VERBS@", join(branches.patterns, "|"));
  replace(script, "@CHOICES@", branches.choices);
  replace(script, "@VALUES@", join(branches.values, "|"));
  replace(script, "@WORDS@", branches.words);
  return script;
}

}  // namespace isolab
