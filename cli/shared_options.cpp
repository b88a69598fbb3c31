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

Option no_plots_flag(bool& no_plots) { return {"--no-plots", &no_plots, "draw no charts"}; }

Option host_option(fs::path& host) {
  return {"--host", &host,
          "use a captured machine: a file of facts --capture, a directory with its proc/ and sys/, "
          "or an unpacked sosreport"};
}

Option classes_option(std::string& classes) {
  return {"--classes", &classes, "a CSV of class rules, tried before the built-in ones"};
}

Option booted_option(std::string& booted) {
  return {"--booted", &booted,
          "name of the booted kernel in the profile's arms, if it is not in uname -r; \"default\": "
          "the kernel of arms that name none"};
}

Option hash_option(std::string& hash) {
  return {"--hash", &hash, "refuse a profile unless its hash begins with this"};
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
      {"--append", &vm.append, "additional parameters of the kernel's command line"},
      Option{"--memory", &vm.memory_mb, "MiB"}.show_default(),
      Option{"--accel", &vm.accelerator, "tcg (emulation) or kvm"}.show_default().one_of(
          {"tcg", "kvm"}),
      {"--program", &vm.program, "isolab built for the guest's architecture"},
      {"--with", &vm.with, "copy this program with its libraries into the guest"},
      {"--timeout", &vm.timeout, "end the guest after this time, such as 10min"},
      {"--keep", &vm.keep, "keep the console log, disk and results of the guest"},
      json_flag(json),
      {"-q,--quiet", &vm.quiet, "do not show the guest's console"},
  };
}

Option allow_commands_flag(bool& allow) {
  return {"--allow-commands", &allow,
          "allow a profile that does not ship with isolab to run programs and to write any kernel "
          "file"};
}

Option group_option(std::string& group) {
  return {"--group", &group, "let this group read the recording; otherwise only its owner can"};
}

fs::path default_output(const std::string& name) {
  std::string stamp = utc_now();  // 2026-11-20T13:37:00Z -> 20261120-133700
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
  for (char& c : stamp)
    if (c == 'T') c = '-';
  return fs::path("recordings") / (name + "-" + stamp);
}

}  // namespace isolab
