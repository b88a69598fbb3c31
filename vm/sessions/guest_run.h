// SPDX-License-Identifier: Apache-2.0
// A profile carried out in a freshly booted guest; its recording comes back.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/exit_code.h"
#include "base/plan.h"
#include "plan/profile.h"
#include "vm/sessions/prepare_guest.h"

namespace isolab {

/// One guest and what runs in it.
struct GuestRun {
  std::filesystem::path profile;  // the file
  std::string arch;
  /// The boot its arms belong to: the other arms are not applicable there. A kernel that is not
  /// named is the one of the options.
  PlannedBoot boot;
  std::filesystem::path output;           // of the recording; must not exist
  std::vector<std::string> command_line;  // what was typed here; recorded as what reproduces it
};

struct GuestRunOutcome {
  ExitCode code = ExitCode::done;  // exit code of `isolab run` in the guest
  std::string release;             // uname -r
  Nanos duration{0};               // of QEMU's whole life
};

/// Boots, runs, copies the recording to run.output, whole or not at all. `console` gets the output
/// of the guest; `note` gets messages for the user. Errors of run_guest(); unsupported or io: the
/// run in the guest left no recording.
Result<GuestRunOutcome> run_profile_in_guest(const GuestRun& run, const VmOptions& options,
                                             const Profile& profile,
                                             const std::function<void(const std::string&)>& console,
                                             const std::function<void(const std::string&)>& note);

/// What a command of a guest ended with; failed for a signal, and for codes above 9.
ExitCode exit_code_of(const CommandOutcome& outcome);

/// "booting a guest: ..."
std::string guest_text(const GuestSpec& spec);

}  // namespace isolab
