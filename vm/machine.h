// SPDX-License-Identifier: Apache-2.0
// One guest from boot to power-off under QEMU. Needs qemu-system-x86_64 or qemu-system-aarch64;
// leaves only the contents of the directory it was given. Ends in bounded time whatever the
// guest does.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/cpu_set.h"
#include "base/result.h"
#include "base/units.h"
#include "vm/image.h"

namespace isolab {

struct GuestSpec {
  ImageSpec image;
  int cpus = 4;
  std::string topology;  // "sockets=2,cores=2,threads=2"; empty: one core a socket, as QEMU has it
  CpuSet isolated;       // isolcpus=, nohz_full= and rcu_nocbs=; empty: none of them
  int memory_mb = 3072;
  std::string append;                       // added to the kernel's command line, wins over ours
  std::string accelerator = "tcg";          // or "kvm"
  Nanos silence = std::chrono::minutes(3);  // nothing new on the console for so long: it hangs
  Nanos limit = std::chrono::minutes(30);   // for everything
  std::filesystem::path directory;          // image, disk, console and results; must exist
};

struct CommandOutcome {
  std::string exit;    // "0", "5", "signal 9", "not started: why"
  std::string output;  // its stdout
};

struct GuestOutcome {
  std::vector<CommandOutcome> commands;
  std::string kernel_log;
  std::string release;  // uname -r
  unsigned long long tainted = 0;
  std::filesystem::path results;  // what the guest left in /out
  Nanos duration{0};              // QEMU's whole life
};

/// Called with every new piece of the console; false ends the guest (interrupted).
using WatchConsole = std::function<bool(const std::string& text)>;

/// io: it panicked, hung, flooded its console or ended without results; the message closes with the
/// console's tail. unsupported: QEMU is not installed or /dev/kvm does not work.
Result<GuestOutcome> run_guest(const GuestSpec& spec, const WatchConsole& watch);

/// The kernel's command line of such a guest.
std::string guest_command_line(const GuestSpec& spec);

/// What is wrong in a console's text: the line of a panic or an oops, "" if none.
std::string console_complaint(const std::string& console);

}  // namespace isolab
