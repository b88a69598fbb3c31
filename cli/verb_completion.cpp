// SPDX-License-Identifier: Apache-2.0
// The verb completion: verbs, options and their choices for bash, made from the declarations.
#include <fmt/format.h>

#include "base/output.h"
#include "base/text.h"
#include "cli/option_words.h"

namespace isolab {
namespace {

// @VERBS@ are patterns of a verb with its preceding words, @CHOICES@ and @VALUES@ branches by
// verb and the word before, @WORDS@ branches by verb.
constexpr std::string_view kScript = R"(# Completion of isolab in bash. Made by `isolab completion`.
_isolab() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb= verbs= options= i
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
  [[ $word == -* ]] && verbs=$options
  COMPREPLY=($(compgen -W "$verbs" -- "$word"))
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

std::string branch(const std::string& verb, const std::string& verbs, const std::string& options) {
  return fmt::format("    '{}') verbs='{}' options='{}' ;;\n", verb, verbs, options);
}

void replace(std::string& text, std::string_view mark, const std::string& by) {
  text.replace(text.find(mark), mark.size(), by);
}

std::string completion(const std::vector<Verb>& verbs) {
  std::vector<std::string> patterns, values;
  std::string choices, words = branch("", verbs_below(verbs, ""), "--help --version");
  for (const auto* verb : shown_verbs(verbs)) {
    patterns.push_back(
        fmt::format("'{}{}'", verb->name.find(' ') == std::string::npos ? " " : "", verb->name));
    std::vector<std::string> options{"-h", "--help"};
    for (const auto& option : verb->options) {
      if (option.hidden || is_by_place(option)) continue;
      for (const auto& name : words_of(option)) {
        options.push_back(name);
        if (is_flag(option)) continue;
        const std::string pattern = fmt::format("'{} {}'", verb->name, name);
        if (option.choices.empty())
          values.push_back(pattern);
        else
          choices += fmt::format("    {}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n",
                                 pattern, join(option.choices, " "));
      }
    }
    words +=
        branch(verb->name, verb->act ? "" : verbs_below(verbs, verb->name), join(options, " "));
  }
  std::string script(kScript);
  replace(script, "@VERBS@", join(patterns, "|"));
  replace(script, "@CHOICES@", choices);
  replace(script, "@VALUES@", join(values, "|"));
  replace(script, "@WORDS@", words);
  return script;
}

}  // namespace

Verb verb_completion() {
  return {.name = "completion",
          .summary = "print the completion for bash",
          .act = [](const Call& call) -> Result<ExitCode> {
            print(completion(call.verbs));
            return ExitCode::done;
          },
          .hidden = true};
}

}  // namespace isolab
