// SPDX-License-Identifier: Apache-2.0
// The verbs of guests: vm run, vm exec, vm kernels. A profile or a verb is carried out in a freshly
// booted virtual machine with isolated CPUs; the recording or the output comes back.
#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>

#include "results/json.h"
#include "runner/commands.h"
#include "runner/report.h"
#include "runner/side_by_side.h"
#include "runner/vm_guest.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

void note(const std::string& text) { fmt::print(stderr, "isolab: {}\n", text); }

void describe(const GuestSpec& spec) {
  note(fmt::format("booting a guest: {}, kernel {} ({}), {} CPUs, {}", spec.image.arch,
                   spec.image.kernel.name, spec.image.kernel.release, spec.cpus,
                   spec.accelerator == "tcg" ? "emulated: counts are the kernel's, times are not"
                                             : "KVM: times are a virtual machine's"));
}

int exit_code_of(const CommandOutcome& outcome) {
  return outcome.exit.size() == 1 && outcome.exit[0] >= '0' && outcome.exit[0] <= '9'
             ? outcome.exit[0] - '0'
             : int{kFailed};
}

Result<GuestOutcome> boot_noisily(const GuestSpec& spec, VmDirectory& directory,
                                  const VmOptions& options) {
  describe(spec);
  auto outcome = boot_guest(spec, options.quiet);
  if (!outcome && outcome.error().kind != ErrorKind::interrupted) directory.keep();
  if (!outcome) return outcome;
  for (const auto& line : kernel_complaints(*outcome)) note("the guest's kernel log: " + line);
  if (options.keep) {
    note("the guest's files are kept: " + directory.path().string());
    directory.keep();
  }
  return outcome;
}

Result<fs::path> run_in_guest(const std::string& profile_path, const VmOptions& options,
                              const std::string& arch, const fs::path& output, int& code) {
  const Profile profile = TRY(read_profile(profile_path));
  VmDirectory directory = TRY(VmDirectory::create());
  std::vector<std::string> notes;
  GuestSpec spec = TRY(prepare_guest(options, arch, directory.path(), notes));
  for (const auto& line : notes) note(line);
  const fs::path file = fs::absolute(profile_path);
  // Its whole directory goes along for the sake of include:.
  for (const auto& one : fs::directory_iterator(file.parent_path()))
    if (one.path().extension() == ".yaml")
      spec.image.files["/root/profiles/" + one.path().filename().string()] = one.path();
  spec.image.files["/root/profiles/" + file.filename().string()] = file;
  spec.image.commands = {{"isolab", "run", "/root/profiles/" + file.filename().string(), "-o",
                          "/out/recording", "--no-plots", "--json", "--allow-commands"}};
  if (options.timeout.empty()) spec.limit = guest_time_limit(profile);
  spec.silence = std::max(spec.silence, profile.warmup + profile.measure + std::chrono::minutes(3));
  const GuestOutcome outcome = TRY(boot_noisily(spec, directory, options));
  code = exit_code_of(outcome.commands.front());
  std::error_code error;
  const fs::path recording = outcome.results / "recording";
  if (!fs::exists(recording, error))
    return Error{
        code == kNotApplicable ? ErrorKind::unsupported : ErrorKind::io,
        "the run in the guest left no recording (exit " + outcome.commands.front().exit + ")",
        "what it said is above; --keep keeps the guest's files"};
  fs::create_directories(output.parent_path(), error);
  fs::copy(recording, output, fs::copy_options::recursive, error);
  if (error)
    return Error{ErrorKind::io,
                 "cannot copy the recording to " + output.string() + ": " + error.message()};
  return output;
}

Result<int> run(const VmRunOptions& options) {
  const Profile profile = TRY(read_profile(options.run.profile));
  const auto architectures = TRY(vm_architectures(options.vm.arch));
  int worst = kDone;
  std::vector<Findings> all;
  for (const auto& arch : architectures) {
    fs::path output =
        options.run.output.empty() ? default_output(profile.name + "-" + arch) : options.run.output;
    if (architectures.size() > 1 && !options.run.output.empty()) output += "-" + arch;
    std::error_code error;
    if (fs::exists(output, error))
      return Error{ErrorKind::usage, output.string() + " exists already"};
    int code = kDone;
    const fs::path recording =
        TRY(run_in_guest(options.run.profile, options.vm, arch, output, code));
    worst = std::max(worst, finish_report(recording, code, options.run.json, options.run.plots));
    if (architectures.size() > 1) all.push_back(TRY(findings_of(recording, {})));
  }
  if (all.size() > 1 && !options.run.json) fmt::print("\n{}", side_by_side(all));
  return worst;
}

Result<std::vector<Command>> commands_of(const VmExecOptions& options) {
  std::vector<Command> commands;
  if (options.script.empty()) {
    commands.push_back(options.verb);
    commands.front().insert(commands.front().begin(), "isolab");
  } else {
    std::ifstream lines(options.script);
    if (!lines) return Error{ErrorKind::usage, "cannot read " + options.script.string()};
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      Command command{std::istream_iterator<std::string>(words), {}};
      if (!command.empty() && command.front()[0] != '#') commands.push_back(std::move(command));
    }
  }
  if (commands.empty() || commands.size() > 99)
    return Error{ErrorKind::usage, "a guest carries out 1-99 commands"};
  return commands;
}

Result<int> exec(const VmExecOptions& options) {
  std::error_code error;
  if (!options.output.empty() && fs::exists(options.output, error))
    return Error{ErrorKind::usage, options.output.string() + " exists already"};
  const auto architectures = TRY(vm_architectures(options.vm.arch));
  VmDirectory directory = TRY(VmDirectory::create());
  std::vector<std::string> notes;
  GuestSpec spec = TRY(prepare_guest(options.vm, architectures.front(), directory.path(), notes));
  for (const auto& line : notes) note(line);
  spec.image.commands = TRY(commands_of(options));
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
  int code = kDone;
  JsonArray items;
  for (std::size_t i = 0; i < outcome.commands.size(); ++i) {
    const auto& command = outcome.commands[i];
    code = std::max(code, exit_code_of(command));
    JsonArray argv;
    for (const auto& word : spec.image.commands[i]) argv.push_back(word);
    items.push_back(JsonObject{{"argv", argv}, {"exit", command.exit}, {"output", command.output}});
    if (!options.json) fmt::print("{}", command.output);
  }
  JsonArray complaints;
  for (const auto& line : kernel_complaints(outcome)) complaints.push_back(line);
  if (options.json)
    fmt::print("{}", print_json(JsonObject{
                         {"commands", items},
                         {"release", outcome.release},
                         {"tainted", std::uint64_t{outcome.tainted}},
                         {"kernel_complaints", complaints},
                         {"seconds", static_cast<double>(outcome.duration.count()) / 1e9}}));
  return code;
}

}  // namespace

int vm_run_command(const VmRunOptions& options) {
  const auto code = run(options);
  return code ? *code : complain(code.error());
}

int vm_exec_command(const VmExecOptions& options) {
  const auto code = exec(options);
  return code ? *code : complain(code.error());
}

int vm_kernels_command(const std::string& arch, bool json) {
  const auto architectures = vm_architectures(arch.empty() ? "x86_64,arm64" : arch);
  if (!architectures) return complain(architectures.error());
  JsonArray items;
  std::string text;
  for (const auto& one : *architectures) {
    const auto kernels = list_kernels(one);
    if (!kernels) {
      if (!arch.empty()) return complain(kernels.error());
      note(kernels.error().text());
      continue;
    }
    for (const auto& kernel : *kernels) {
      text += fmt::format("{:<7} {:<12} {:<32} {}\n", one, kernel.name, kernel.release,
                          kernel.cached ? "cached" : "to be fetched");
      items.push_back(JsonObject{{"arch", one},
                                 {"name", kernel.name},
                                 {"release", kernel.release},
                                 {"package", kernel.package},
                                 {"version", kernel.version},
                                 {"sha256", kernel.sha256},
                                 {"cached", kernel.cached}});
    }
  }
  if (items.empty()) return kNotApplicable;
  fmt::print("{}", json ? print_json(items)
                        : fmt::format("{:<7} {:<12} {:<32} {}\n{}", "arch", "--kernel", "release",
                                      "", text));
  return kDone;
}

}  // namespace isolab
