// SPDX-License-Identifier: Apache-2.0
// Options that several verbs have, each declared once.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/verb.h"
#include "vm/sessions/prepare_guest.h"

namespace isolab {

Option json_flag(bool& json);
Option recording_argument(std::filesystem::path& recording);
Option profile_argument(std::string& profile);
Option no_plots_flag(bool& no_plots);
/// A captured machine (host/captured/captured_machine.h); empty: this one.
Option host_option(std::filesystem::path& host);
/// A file of class rules tried before the built-in ones (docs/attribution.md); empty: none.
Option classes_option(std::string& classes);
/// Name of the booted kernel in the profile; empty: uname -r.
Option booted_option(std::string& booted);
/// What the profile's hash has to begin with; empty: anything.
Option hash_option(std::string& hash);
/// For a profile that does not ship with isolab.
Option allow_commands_flag(bool& allow);
/// A group whose members may read the recording, by name or number; empty: none.
Option group_option(std::string& group);
/// --arch to --quiet, of a guest.
std::vector<Option> guest_options(VmOptions& vm, bool& json);

/// Options of `run` and `aa`.
struct RunOptions {
  std::string profile;           // of aa also a directory of sessions
  std::filesystem::path output;  // empty: recordings/NAME-TIME
  std::string hash;
  std::string booted;
  int sessions = 1;  // fresh starts of the program, below one directory
  std::string group;
  bool json = false;
  bool no_plots = false;
  bool quiet = false;
  bool allow_commands = false;
  std::vector<std::string> limits;  // of run: "gap_max=20us", beside the profile's budgets
  std::vector<std::string> asked;   // in a guest: the command that booted it, for the recording
};
/// recordings/NAME-TIME, where a recording goes that was given no place.
std::filesystem::path default_output(const std::string& name);

}  // namespace isolab
