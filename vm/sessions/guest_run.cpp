// SPDX-License-Identifier: Apache-2.0
#include "vm/sessions/guest_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/directory.h"
#include "base/text.h"
#include "plan/arm_boots.h"
#include "plan/compile.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProfiles = "/root/profiles/";  // in the guest

/// The profile with the arms of this boot alone.
Profile of_boot(Profile profile, const PlannedBoot& boot) {
  std::erase_if(profile.arms,
                [&](const ProfileArm& arm) { return arm.boot.value_or(PlannedBoot{}) != boot; });
  return profile;
}

/// Under a name that nothing reads as a recording until all of it is there.
Result<void> bring_back(const fs::path& recording, const fs::path& output) {
  std::error_code error;
  const fs::path into = fs::absolute(output, error);
  const fs::path unfinished = into.parent_path() / ("." + into.filename().string());
  fs::create_directories(into.parent_path(), error);
  fs::remove_all(unfinished, error);
  fs::copy(recording, unfinished, fs::copy_options::recursive, error);
  if (!error) fs::rename(unfinished, into, error);
  if (error)
    return Error{ErrorKind::io,
                 "cannot copy the recording to " + output.string() + ": " + error.message()};
  return {};
}

}  // namespace

ExitCode exit_code_of(const CommandOutcome& outcome) {
  return outcome.exit.size() == 1 && outcome.exit[0] >= '0' && outcome.exit[0] <= '9'
             ? ExitCode{outcome.exit[0] - '0'}
             : ExitCode::failed;
}

std::string guest_text(const GuestSpec& spec) {
  return fmt::format(
      "booting a guest: {}, kernel {}{}, {} CPUs, {}{}", spec.image.arch, spec.image.kernel.name,
      spec.image.kernel.release.empty() ? "" : " (" + spec.image.kernel.release + ")", spec.cpus,
      spec.append.empty() ? "" : "with " + spec.append + ", ",
      spec.accelerator == "tcg" ? "emulated: counts are valid, times are not"
                                : "KVM: times are those of a virtual machine");
}

Result<GuestRunOutcome> run_profile_in_guest(const GuestRun& run, const VmOptions& options,
                                             const Profile& profile,
                                             const std::function<void(const std::string&)>& console,
                                             const std::function<void(const std::string&)>& note) {
  VmOptions with = options;
  if (!run.boot.kernel.empty()) with.kernel = run.boot.kernel;
  if (!run.boot.cmdline.empty()) append_item(with.append, " ", run.boot.cmdline);
  VmDirectory directory = TRY(VmDirectory::create());
  std::vector<std::string> notes;
  GuestSpec spec = TRY(prepare_guest(with, run.arch, directory.path(), notes));
  for (const auto& line : notes) note(line);
  std::error_code error;
  const fs::path file = fs::absolute(run.profile, error);
  const std::string inside = kProfiles + file.filename().string();
  // Its whole directory goes along for the sake of include:.
  for (const auto& sibling : TRY(entries_of(file.parent_path())))
    if (sibling.extension() == ".yaml" && fs::is_regular_file(sibling, error))
      spec.image.files[kProfiles + sibling.filename().string()] = sibling;
  spec.image.files[inside] = file;
  Command command{"isolab",         "run",        inside,   "-o",
                  "/out/recording", "--no-plots", "--json", "--allow-commands"};
  if (names_boots(compile_arms(profile)))
    command.insert(command.end(),
                   {"--booted", run.boot.kernel.empty() ? kDefaultKernel : run.boot.kernel});
  for (const auto& word : run.command_line) command.push_back("--asked=" + word);
  spec.image.commands = {command};
  const Profile here = of_boot(profile, run.boot);
  if (options.timeout.empty()) spec.limit = guest_time_limit(here);
  spec.silence = std::max(spec.silence, profile.warmup + profile.measure + std::chrono::minutes(3));
  note(guest_text(spec));
  const auto outcome = boot_guest(spec, console);
  if (!outcome && outcome.error().kind != ErrorKind::interrupted) directory.keep();
  if (!outcome) return outcome.error();
  for (const auto& line : kernel_complaints(*outcome)) note("the guest's kernel log: " + line);
  if (options.keep) {
    note("the guest's files are kept: " + directory.path().string());
    directory.keep();
  }
  const ExitCode code = exit_code_of(outcome->commands.front());
  if (!fs::exists(outcome->results / "recording", error))
    return Error{
        code == ExitCode::not_applicable ? ErrorKind::unsupported : ErrorKind::io,
        "the run in the guest left no recording (exit " + outcome->commands.front().exit + ")",
        "see its console; --keep keeps the files of the guest"};
  TRY(bring_back(outcome->results / "recording", run.output));
  return GuestRunOutcome{code, outcome->release, outcome->duration};
}

}  // namespace isolab
