// SPDX-License-Identifier: Apache-2.0
// A profile over several boots and sessions in guests: the plan a lab runs with its
// machines. Leaves one recording a boot below a directory, named so that `isolab compare` groups
// them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "plan/arm_boots.h"
#include "results/json.h"
#include "vm/sessions/guest_run.h"

namespace isolab {

/// One boot of the plan and what became of it.
struct GuestSession {
  int number = 1;  // from 1, of its boot
  Boot boot;
  std::filesystem::path directory;  // DIR/session-02-ARM, ARM the first of the boot
  bool recorded = false;
  ExitCode code = ExitCode::done;  // exit code of the run in the guest
  std::string release;             // uname -r; empty: not recorded by this call
  std::string failure;             // why there is no recording; empty while recorded or not tried
};

/// All of them in the order in which they are to be carried out.
std::vector<GuestSession> plan_sessions(const Profile& profile, int sessions,
                                        const std::filesystem::path& directory);

/// Carries out those that have no recording yet (`resume`), goes on past guests that fail, stops
/// when interrupted. The console of each goes to DIR/session-NN-ARM.log. usage: the directory
/// exists (without resume) or holds sessions of another profile.
Result<void> record_sessions(std::vector<GuestSession>& sessions, const GuestRun& run,
                             const VmOptions& options, const Profile& profile, bool resume,
                             const std::function<void(const std::string&)>& note);

/// "session-02-new: kernel 6.12: why", one a line; empty: every session has its recording.
std::string missing_sessions(const std::vector<GuestSession>& sessions);

Json sessions_json(const std::vector<GuestSession>& sessions);

}  // namespace isolab
