// SPDX-License-Identifier: Apache-2.0
// The only file that knows CLI11: makes its commands and options from the declarations of verbs.
#include "cli/command_line.h"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <type_traits>

#include "base/caught.h"
#include "base/output.h"
#include "host/files.h"
#include "plan/yaml_tree.h"
#include "runner/complain.h"

namespace isolab {
namespace {

void limit(CLI::Option& added, const Option& option) {
  if (option.range) {
    const auto [least, most] = *option.range;
    if (std::holds_alternative<double*>(option.target))
      added.check(CLI::Range(least, most));
    else
      added.check(CLI::Range(static_cast<int>(least), static_cast<int>(most)));
  }
  if (!option.choices.empty()) added.check(CLI::IsMember(option.choices));
}

void add_option(CLI::App& command, const Option& option) {
  CLI::Option* const added = std::visit(
      [&](auto* target) {
        if constexpr (std::is_same_v<decltype(target), bool*>)
          return command.add_flag(option.names, *target, option.text);
        else
          return command.add_option(option.names, *target, option.text);
      },
      option.target);
  if (option.required) added->required();
  if (option.hidden) added->group("");
  if (option.commas) added->delimiter(',');
  if (option.one_each) added->allow_extra_args(false);
  limit(*added, option);
  if (option.shows_default) added->capture_default_str();
}

/// "vm run" below what was added as "vm".
CLI::App* add_verb(CLI::App& program, const Verb& verb) {
  const auto blank = verb.name.find(' ');
  CLI::App* const parent =
      blank == std::string::npos ? &program : program.get_subcommand(verb.name.substr(0, blank));
  CLI::App* const command =
      parent->add_subcommand(verb.name.substr(blank + 1), verb.summary);  // npos + 1 is 0
  if (verb.hidden) command->group("");
  if (!verb.act) command->require_subcommand(1);
  for (const auto& option : verb.options) add_option(*command, option);
  for (const auto& option : verb.options)
    if (!option.excluded.empty())
      command->get_option(option.names)->excludes(command->get_option(option.excluded));
  return command;
}

std::string footer() {
  const auto text = [](ExitCode code) {
    return fmt::format("{} {}", static_cast<int>(code), exit_code_text(code));
  };
  return fmt::format(
      "exit codes: {}, {}, {}, {},\n            {}, {}\n"
      "start with: isolab check; isolab plan quick; isolab run quick",
      text(ExitCode::done), text(ExitCode::failed), text(ExitCode::budget_broken),
      text(ExitCode::not_applicable), text(ExitCode::not_restored), text(ExitCode::disturbed));
}

/// `words` name it: "vm run" by its own two, "run" by one; null: none.
const Verb* find_verb(const std::vector<std::string>& words, const std::vector<Verb>& verbs) {
  const Verb* found = nullptr;
  for (const auto& verb : verbs) {
    const auto blank = verb.name.find(' ');
    const auto first = verb.name.substr(0, blank);
    if (words.size() < 2 || words[1] != first) continue;
    if (blank == std::string::npos)
      found = &verb;
    else if (words.size() > 2 && words[2] == verb.name.substr(blank + 1))
      return &verb;
  }
  return found;
}

/// "help VERB" is "VERB --help", and "help" alone "--help".
std::vector<std::string> without_help_verb(std::vector<std::string> words) {
  if (words.size() < 2 || words[1] != "help") return words;
  words.erase(words.begin() + 1);
  words.emplace_back("--help");
  return words;
}

Error unknown_verb(const std::string& word, const std::vector<Verb>& verbs) {
  std::vector<std::string> names;
  for (const auto& verb : verbs)
    if (!verb.hidden) names.push_back(verb.name);
  const auto nearest = nearest_word(word, names);
  return {ErrorKind::usage, fmt::format("there is no verb \"{}\"", word),
          nearest.empty() ? "isolab --help lists them" : "did you mean isolab " + nearest + "?"};
}

std::vector<std::string> option_names(const Verb& verb) {
  std::vector<std::string> out;
  for (const auto& option : verb.options)
    for (std::string_view names = option.names; !names.empty();) {
      const auto comma = std::min(names.find(','), names.size());
      if (names.starts_with('-')) out.emplace_back(names.substr(0, comma));
      names.remove_prefix(std::min(comma + 1, names.size()));
    }
  return out;
}

/// An option or argument that the verb does not have, or one that it needs.
Error option_mistake(const CLI::ParseError& error, const std::vector<std::string>& words,
                     const Verb& verb) {
  const auto help = fmt::format("isolab {} --help lists its options", verb.name);
  const std::string what(trimmed(error.what()));
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError)) {
    for (const auto& option : verb.options)
      if (option.required && what == option.names + " is required")
        return {ErrorKind::usage,
                fmt::format("{} needs {}: {}", verb.name, option.names, option.text), help};
  } else if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ExtrasError)) {
    const auto known = option_names(verb);
    for (const auto& word : words) {
      const auto name = word.substr(0, word.find('='));
      if (!name.starts_with("-") || std::find(known.begin(), known.end(), name) != known.end())
        continue;
      const auto nearest = nearest_word(name, known);
      return {ErrorKind::usage, fmt::format("{} has no option {}", verb.name, name),
              nearest.empty() ? help : "did you mean " + nearest + "?"};
    }
  }
  return {ErrorKind::usage, fmt::format("{}: {}", verb.name, what), help};
}

/// --help, --version and mistakes.
ExitCode answer(const CLI::App& program, const CLI::ParseError& error,
                const std::vector<std::string>& words, const std::vector<Verb>& verbs) {
  std::ostringstream help, complaint;
  const int outcome = program.exit(error, help, complaint);
  print(help.str());
  if (outcome == 0) return ExitCode::done;
  const auto* verb = find_verb(words, verbs);
  if (verb != nullptr) return complain(option_mistake(error, words, *verb));
  say(std::string(trimmed(complaint.str())));
  return ExitCode::failed;
}

Result<ExitCode> parse_and_act(const std::vector<std::string>& given,
                               const std::vector<Verb>& verbs, const std::string& version) {
  const auto words = without_help_verb(given);
  CLI::App program{std::string("isolab: ") + kProgramSummary, "isolab"};
  program.set_version_flag("--version", version);
  program.require_subcommand(1);
  program.footer(footer());
  std::vector<CLI::App*> commands;
  for (const auto& verb : verbs) commands.push_back(add_verb(program, verb));
  if (words.size() < 2) {
    print(program.help());
    return ExitCode::failed;
  }
  if (!words[1].starts_with("-") && find_verb(words, verbs) == nullptr)
    return unknown_verb(words[1], verbs);
  std::vector<const char*> arguments;
  for (const auto& word : words) arguments.push_back(word.c_str());
  try {
    program.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::ParseError& error) {
    return answer(program, error, words, verbs);
  }
  for (std::size_t i = 0; i < verbs.size(); ++i)
    if (verbs[i].act && commands[i]->parsed()) return verbs[i].act({words, verbs});
  return ExitCode::failed;
}

}  // namespace

ExitCode carry_out(const std::vector<std::string>& words, std::vector<Verb> (*list)(),
                   const std::string& version) {
  const auto code = caught([&] { return parse_and_act(words, list(), version); });
  return end_output(code ? *code : complain(code.error()));
}

}  // namespace isolab
