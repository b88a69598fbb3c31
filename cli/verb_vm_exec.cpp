// SPDX-License-Identifier: Apache-2.0
// The verb vm exec: a verb is carried out in a freshly booted virtual machine with isolated CPUs;
// its output comes back.
#include <fmt/format.h>

#include <iterator>
#include <memory>
#include <sstream>

#include "base/output.h"
#include "base/text_file.h"
#include "cli/shared_options.h"
#include "results/json.h"
#include "vm/sessions/guest_run.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

struct VmExecOptions {
  VmOptions vm;
  std::vector<std::string> verb;  // of isolab, with its arguments
  fs::path script;                // instead: a command a line, words separated by blanks
  fs::path output;                // all the guest left is put here (must not exist); empty: nowhere
  std::vector<std::string> files;  // "/path/in/guest=file or directory"
  bool json = false;
};

Result<GuestOutcome> boot_noisily(const GuestSpec& spec, VmDirectory& directory,
                                  const VmOptions& options) {
  say(guest_text(spec));
  auto outcome = boot_guest(spec, [&](const std::string& text) {
    if (!options.quiet) say_console(text);
  });
  if (!outcome && outcome.error().kind != ErrorKind::interrupted) directory.keep();
  if (!outcome) return outcome;
  for (const auto& line : kernel_complaints(*outcome)) say("the guest's kernel log: " + line);
  if (options.keep) {
    say("the guest's files are kept: " + directory.path().string());
    directory.keep();
  }
  return outcome;
}

Result<std::vector<Command>> commands_of(const VmExecOptions& options) {
  std::vector<Command> commands;
  if (options.script.empty()) {
    commands.push_back(options.verb);
    commands.front().insert(commands.front().begin(), "isolab");
  } else {
    std::istringstream lines(TRY(read_text_file(options.script)));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      Command command{std::istream_iterator<std::string>(words), {}};
      if (!command.empty() && command.front()[0] != '#') commands.push_back(std::move(command));
    }
  }
  if (commands.empty() || commands.size() > 99)
    return Error{ErrorKind::usage, "a guest runs 1-99 commands"};
  return commands;
}

Result<ExitCode> exec(const VmExecOptions& options) {
  std::error_code error;
  if (!options.output.empty() && fs::exists(options.output, error))
    return Error{ErrorKind::usage, options.output.string() + " exists already"};
  const auto architectures = TRY(vm_architectures(options.vm.arch));
  const auto commands = TRY(commands_of(options));
  VmDirectory directory = TRY(VmDirectory::create());
  std::vector<std::string> notes;
  GuestSpec spec = TRY(prepare_guest(options.vm, architectures.front(), directory.path(), notes));
  for (const auto& line : notes) say(line);
  spec.image.commands = commands;
  for (const auto& file : options.files) {
    const auto equals = file.find('=');
    if (equals == std::string::npos || file[0] != '/')
      return Error{ErrorKind::usage, "--file " + file, "--file /path/in/guest=FILE"};
    spec.image.files[file.substr(0, equals)] = file.substr(equals + 1);
  }
  const GuestOutcome outcome = TRY(boot_noisily(spec, directory, options.vm));
  if (!options.output.empty()) {
    fs::copy(outcome.results, options.output, fs::copy_options::recursive, error);
    if (error) return Error{ErrorKind::io, "cannot copy to " + options.output.string()};
  }
  ExitCode code = ExitCode::done;
  JsonArray items;
  for (std::size_t i = 0; i < outcome.commands.size(); ++i) {
    const auto& command = outcome.commands[i];
    code = std::max(code, exit_code_of(command));
    JsonArray argv;
    for (const auto& word : spec.image.commands[i]) argv.push_back(word);
    items.push_back(JsonObject{{"argv", argv}, {"exit", command.exit}, {"output", command.output}});
    if (!options.json) print(command.output);
  }
  JsonArray complaints;
  for (const auto& line : kernel_complaints(outcome)) complaints.push_back(line);
  if (options.json)
    print_as_json(
        print_json(JsonObject{{"commands", items},
                              {"release", outcome.release},
                              {"tainted", std::uint64_t{outcome.tainted}},
                              {"kernel_complaints", complaints},
                              {"seconds", static_cast<double>(outcome.duration.count()) / 1e9}}));
  return code;
}

std::vector<Option> exec_options(VmExecOptions& exec) {
  std::vector<Option> options = guest_options(exec.vm, exec.json);
  options.push_back(
      {"verb", &exec.verb, "a verb with its arguments; after -- when it has options"});
  options.push_back(
      Option{"--script", &exec.script, "run the commands in this file, one per line, in one guest"}
          .exclude("verb"));
  options.push_back(
      {"--file", &exec.files, "/path/in/guest=FILE: copy this file or directory into the guest"});
  options.push_back(
      {"-o,--output", &exec.output, "directory for the contents of /out of the guest"});
  return options;
}

}  // namespace

Verb verb_vm_exec() {
  const auto options = std::make_shared<VmExecOptions>();
  return {"vm exec", "boot a guest and run one verb in it: isolab vm exec check",
          exec_options(*options), [options](const Call&) { return exec(*options); }};
}

}  // namespace isolab
