// SPDX-License-Identifier: Apache-2.0
#include "cli/shared_options.h"

#include "host/os.h"

namespace isolab {

namespace fs = std::filesystem;

Option json_flag(bool& json) { return {"--json", &json, "print JSON"}; }

Option recording_argument(fs::path& recording) {
  return Option{"recording", &recording, "a recording directory"}.require().names_a(
      ValueKind::recording);
}

Option profile_argument(std::string& profile) {
  return Option{"profile", &profile, "a YAML profile, or the name of a shipped one"}
      .require()
      .names_a(ValueKind::profile);
}

Option no_plots_flag(bool& no_plots) { return {"--no-plots", &no_plots, "make no charts"}; }

Option host_option(fs::path& host) {
  return {"--host", &host,
          "a captured machine instead of this one: a file of facts --capture, a directory "
          "with its proc/ and sys/, or an unpacked sosreport"};
}

Option classes_option(std::string& classes) {
  return {"--classes", &classes, "a CSV of your own class rules, tried before the built-in ones"};
}

Option booted_option(std::string& booted) {
  return {"--booted", &booted,
          "what the profile's arms call the booted kernel, where uname -r does not say; "
          "\"default\": the one of arms that name none"};
}

Option hash_option(std::string& hash) {
  return {"--hash", &hash, "refuse a profile whose hash does not begin with this"};
}

std::vector<Option> guest_options(VmOptions& vm, bool& json) {
  return {
      {"--arch", &vm.arch, "x86_64 or arm64 (default: this machine's)"},
      {"--kernel", &vm.kernel,
       "a name of `isolab vm kernels`, a .deb or a kernel image (default: the newest)"},
      Option{"--cpus", &vm.cpus, "virtual CPUs"}.show_default(),
      Option{"--topology", &vm.topology, "virtual CPUs as SOCKETSxCORESxTHREADS, like 2x4x2"}
          .exclude("--cpus"),
      Option{"--isolated", &vm.isolated,
             "CPUs for isolcpus=, nohz_full=, rcu_nocbs=: a list, none, or auto (the upper half)"}
          .show_default(),
      {"--append", &vm.append, "more for the kernel's command line"},
      Option{"--memory", &vm.memory_mb, "MiB"}.show_default(),
      Option{"--accel", &vm.accelerator, "tcg (emulation) or kvm"}.show_default().one_of(
          {"tcg", "kvm"}),
      {"--program", &vm.program, "isolab built for the guest's architecture"},
      {"--with", &vm.with, "another program for the guest, with its libraries"},
      {"--timeout", &vm.timeout, "end the guest after this long, like 10min"},
      {"--keep", &vm.keep, "keep console, disk and results of the guest"},
      json_flag(json),
      {"-q,--quiet", &vm.quiet, "do not show the guest's console"},
  };
}

Option allow_commands_flag(bool& allow) {
  return {"--allow-commands", &allow,
          "let a profile that does not ship with isolab run programs and write kernel files "
          "of its choice"};
}

Option group_option(std::string& group) {
  return {"--group", &group,
          "let this group read the recording, which is its owner's alone otherwise"};
}

fs::path default_output(const std::string& name) {
  std::string stamp = utc_now();  // 2026-11-20T13:37:00Z -> 20261120-133700
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
  for (char& c : stamp)
    if (c == 'T') c = '-';
  return fs::path("recordings") / (name + "-" + stamp);
}

}  // namespace isolab
