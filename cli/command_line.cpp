// SPDX-License-Identifier: Apache-2.0
// The only file that knows CLI11: makes its commands and options from the declarations of verbs.
#include "cli/command_line.h"

#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <sstream>
#include <type_traits>

#include "base/caught.h"
#include "base/output.h"
#include "host/files.h"
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
      "start with: isolab check; isolab plan profiles/quick.yaml; isolab run profiles/quick.yaml",
      text(ExitCode::done), text(ExitCode::failed), text(ExitCode::budget_broken),
      text(ExitCode::not_applicable), text(ExitCode::not_restored), text(ExitCode::disturbed));
}

/// --help, --version and mistakes.
ExitCode answer(const CLI::App& program, const CLI::ParseError& error) {
  std::ostringstream help, complaint;
  const int outcome = program.exit(error, help, complaint);
  print(help.str());
  if (const std::string said = complaint.str(); !said.empty()) say(trimmed(said));
  return outcome == 0 ? ExitCode::done : ExitCode::failed;
}

Result<ExitCode> parse_and_act(const std::vector<std::string>& words,
                               const std::vector<Verb>& verbs, const std::string& version) {
  CLI::App program{std::string("isolab: ") + kProgramSummary};
  program.set_version_flag("--version", version);
  program.require_subcommand(1);
  program.footer(footer());
  std::vector<CLI::App*> commands;
  for (const auto& verb : verbs) commands.push_back(add_verb(program, verb));
  std::vector<const char*> arguments;
  for (const auto& word : words) arguments.push_back(word.c_str());
  try {
    program.parse(static_cast<int>(arguments.size()), arguments.data());
  } catch (const CLI::ParseError& error) {
    return answer(program, error);
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
