// SPDX-License-Identifier: Apache-2.0
// The command line: the only file that knows CLI11.
#include <CLI/CLI.hpp>

#include <fmt/format.h>

#include <sstream>

#include "base/caught.h"
#include "base/exit_code.h"
#include "base/output.h"
#include "base/version.h"
#include "cli/commands.h"
#include "host/files.h"
#include "runner/complain.h"
#include "vm/guest.h"

namespace isolab {
namespace {

/// The verb; its exit code.
ExitCode carry_out(int argc, char** argv) {
  CLI::App app{"isolab: what breaks into isolated CPUs, who sends it, what it costs"};
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);
  const auto code = [](ExitCode one) {
    return fmt::format("{} {}", static_cast<int>(one), exit_code_text(one));
  };
  app.footer(
      fmt::format("exit codes: {}, {}, {}, {},\n            {}, {}\n", code(ExitCode::done),
                  code(ExitCode::failed), code(ExitCode::budget_broken),
                  code(ExitCode::not_applicable), code(ExitCode::not_restored),
                  code(ExitCode::disturbed)) +
      "start with: isolab check; isolab plan profiles/quick.yaml; isolab run profiles/quick.yaml");
  bool json = false;
  const auto verb = [&](const char* name, const char* text) {
    auto* command = app.add_subcommand(name, text);
    command->add_flag("--json", json, "print JSON");
    return command;
  };

  RunOptions run;
  auto* run_verb = verb(
      "run",
      "run a profile: noise on housekeeping CPUs, listening on measured CPUs; leaves a recording");
  run_verb->add_option("profile", run.profile, "a YAML profile")->required();
  run_verb->add_option("-o,--output", run.output,
                       "directory of the recording (must not exist; default recordings/NAME-TIME)");
  bool no_plots = false;
  run_verb->add_flag("--no-plots", no_plots, "make no charts");
  run_verb->add_flag("-q,--quiet", run.quiet, "no progress on stderr");
  auto* aa_verb = verb("aa",
                       "A/A: record a profile many times and say what compare flags between "
                       "sessions of one and the same");
  aa_verb->add_option("profile", run.profile, "a profile, or a directory of sessions of one")
      ->required();
  for (auto* one : {run_verb, aa_verb})
    one->add_flag("--allow-commands", run.allow_commands,
                  "let a profile that does not ship with isolab run programs and write kernel "
                  "files of its choice");
  for (auto* one : {run_verb, aa_verb})
    one->add_option("--hash", run.hash, "refuse a profile whose hash does not begin with this");
  for (auto* one : {run_verb, aa_verb})
    one->add_option("--group", run.group,
                    "let this group read the recording, which is its owner's alone otherwise");
  run_verb
      ->add_option("--sessions", run.sessions,
                   "so many fresh starts, below one directory: what compare counts as n")
      ->check(CLI::Range(1, 1000));
  const char* booted_text =
      "what the profile's arms call the booted kernel, where uname -r does not say; \"default\": "
      "the "
      "one of arms that name none";
  run_verb->add_option("--booted", run.booted, booted_text);
  // A word each, of what was typed on the host of a guest (vm/sessions/guest_run.cpp).
  run_verb->add_option("--asked", run.asked)->allow_extra_args(false)->group("");
  int aa_sessions = 12;
  aa_verb->add_option("--sessions", aa_sessions, "how many, twelve at least")
      ->check(CLI::Range(12, 1000))
      ->capture_default_str();
  aa_verb->add_option("-o,--output", run.output, "directory of the sessions (must not exist)");
  aa_verb->add_flag("-q,--quiet", run.quiet, "no progress in the sessions' logs");

  CompareOptions compared;
  auto& compare = compared.request;
  auto* compare_verb = verb("compare",
                            "sessions against sessions: every metric with interval, exact p and a "
                            "verdict corrected for their number");
  compare_verb
      ->add_option("groups", compare.groups,
                   "[NAME=]DIR[,DIR...], the base first; a DIR is a recording or holds sessions")
      ->required();
  compare_verb->add_option("--arms", compare.arms, "compare these arms of all sessions instead")
      ->delimiter(',')
      ->allow_extra_args(false);
  compare_verb->add_option("--metric", compare.options.metrics, "only these metrics (more power)")
      ->delimiter(',')
      ->allow_extra_args(false);
  compare_verb
      ->add_option("--intended", compare.options.intended,
                   "facts that may differ: keys, or beginnings ended by a dot")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  double min_effect = 1;
  compare_verb->add_option("--min-effect", min_effect, "smallest change that counts, in percent")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  std::string unit = "session";
  compare_verb->add_option("--unit", unit, "what n counts; repeat: holds for these sessions only")
      ->check(CLI::IsMember({"session", "repeat"}))
      ->capture_default_str();
  compare_verb->add_flag("--cover-letter", compared.cover_letter,
                         "72 columns of ASCII for a patch series");
  compare_verb->add_option("--html", compared.html, "write a page with tables and charts");
  compare_verb->add_option("--charts", compared.charts,
                           "draw charts (PNG, SVG, CSV) into this directory");

  HistoryOptions history;
  auto* history_verb = verb("history", "one metric over all recordings of a directory");
  history_verb->add_option("metric", history.metric, "a name of `isolab schema`")->required();
  history_verb->add_option("--in", history.directory, "directory of the recordings")
      ->capture_default_str();
  history_verb->add_option("--label", history.labels, "only with this label, like arm=idle")
      ->allow_extra_args(false);
  history_verb->add_option("--index", history.index,
                           "the index's file (default: index.sqlite in the directory)");
  history_verb->add_flag("--rebuild", history.rebuild, "analyse every recording again");

  std::string name, cpus;
  PlanRequest plan;
  bool dry_run = false;
  auto* plan_verb = verb(
      "plan", "print the resolved plan of a profile: CPUs, arms, parameters, windows, duration");
  plan_verb->add_option("profile", plan.profile, "a YAML profile")->required();
  plan_verb->add_option("--booted", plan.booted, booted_text);
  plan_verb->add_flag("--dry-run", plan.dry_run,
                      "try one operation of each workload, to tell what is not applicable here");
  auto* list_verb = verb("list", "list workloads, probes and observers");
  auto* show_verb = verb(
      "show",
      "describe a workload, probe or observer: what it does, needs, counts, and its parameters");
  show_verb->add_option("name", name, "a name of `isolab list`")->required();
  auto* facts_verb = verb("facts", "print what is known of this machine (put it into bug reports)");
  std::filesystem::path capture;
  facts_verb->add_option(
      "--capture", capture,
      "write the kernel files behind the facts into this file (for a bug report)");
  auto* check_verb =
      verb("check", "is this machine ready for isolated measurements? what to do about it if not");
  check_verb->add_option("--cpus", cpus,
                         "the CPUs to judge (default: the isolated ones, else the last)");

  std::filesystem::path host;
  for (auto* one : {plan_verb, facts_verb, check_verb})
    one->add_option(
        "--host", host,
        "a captured machine instead of this one: a file of facts --capture, a directory "
        "with its proc/ and sys/, or an unpacked sosreport");

  std::filesystem::path recording, output;
  auto* analyse_verb =
      verb("analyse", "recompute the findings of a recording; prints them as JSON");
  analyse_verb->add_option("recording", recording, "a recording directory")->required();
  auto* report_verb = verb("report", "print the report of a recording");
  report_verb->add_option("recording", recording, "a recording directory")->required();
  SpikesRequest spikes;
  auto* spikes_verb =
      verb("spikes", "the worst gaps of a traced recording, each with its whole story");
  spikes_verb->add_option("recording", spikes.recording, "a recording directory")->required();
  spikes_verb->add_option("--over", spikes.over, "only gaps longer than this, like 50us");
  spikes_verb->add_option("--limit", spikes.limit, "how many of the longest")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  bool full = false;
  report_verb->add_flag("--full", full,
                        "tell who interrupted each arm and CPU in full, however many there are");
  report_verb->add_option("--host", host,
                          "add what this captured machine has different from the recorded one, and "
                          "what check finds there");
  auto* plot_verb = verb("plot", "draw the charts of a recording as PNG, SVG and CSV");
  plot_verb->add_option("recording", recording, "a recording directory")->required();
  plot_verb->add_option("-o,--output", output,
                        "directory for the charts (default: charts/ beside the findings)");
  ExportOptions exported;
  int window = 0;
  auto* export_verb =
      verb("export", "write a recording for other tools: Perfetto, trace-cmd, KernelShark");
  export_verb->add_option("recording", exported.recording, "a recording directory")->required();
  export_verb->add_option(
      "--perfetto", exported.perfetto,
      "make this file: gaps, causes and arrows from senders, as Chrome trace JSON");
  export_verb->add_option("--trace-cmd", exported.trace_cmd,
                          "make this file: the raw trace of one window, as trace.dat");
  auto* window_option = export_verb->add_option(
      "--window", window,
      "only this window, by its number (default: all; --trace-cmd: the first traced one)");
  std::filesystem::path benchmarks;
  auto* attach_verb =
      verb("attach", "add results of Google Benchmark to a recording: they become metrics of it");
  attach_verb->add_option("recording", recording, "a recording directory")->required();
  attach_verb->add_option("file", benchmarks, "JSON of --benchmark_out, such as the cost ladder's")
      ->required();
  auto* schema_verb =
      verb("schema", "print the JSON schema of analyse, report --json and compare --json");
  auto* restore_verb = verb("restore", "put back what a run that was killed has left changed");
  auto* dry_option =
      restore_verb->add_flag("--dry-run", dry_run, "print what it would do, as a shell script");
  bool forget = false;
  restore_verb
      ->add_flag("--forget", forget,
                 "drop from the journals what cannot be put back, after trying once more")
      ->excludes(dry_option);

  VmRunOptions guest;
  VmExecOptions exec;
  auto* vm_verb = app.add_subcommand(
      "vm",
      "virtual machines with isolated CPUs: real counts without a lab machine (docs/guests.md)");
  vm_verb->require_subcommand(1);
  const auto guest_options = [&](CLI::App* command) {
    command->add_option("--arch", guest.vm.arch, "x86_64 or arm64 (default: this machine's)");
    command->add_option(
        "--kernel", guest.vm.kernel,
        "a name of `isolab vm kernels`, a .deb or a kernel image (default: the newest)");
    auto* cpu_count =
        command->add_option("--cpus", guest.vm.cpus, "virtual CPUs")->capture_default_str();
    command
        ->add_option("--topology", guest.vm.topology,
                     "virtual CPUs as SOCKETSxCORESxTHREADS, like 2x4x2")
        ->excludes(cpu_count);
    command
        ->add_option(
            "--isolated", guest.vm.isolated,
            "CPUs for isolcpus=, nohz_full=, rcu_nocbs=: a list, none, or auto (the upper half)")
        ->capture_default_str();
    command->add_option("--append", guest.vm.append, "more for the kernel's command line");
    command->add_option("--memory", guest.vm.memory_mb, "MiB")->capture_default_str();
    command->add_option("--accel", guest.vm.accelerator, "tcg (emulation) or kvm")
        ->check(CLI::IsMember({"tcg", "kvm"}))
        ->capture_default_str();
    command->add_option("--program", guest.vm.program, "isolab built for the guest's architecture");
    command->add_option("--with", guest.vm.with,
                        "another program for the guest, with its libraries");
    command->add_option("--timeout", guest.vm.timeout, "end the guest after this long, like 10min");
    command->add_flag("--keep", guest.vm.keep, "keep console, disk and results of the guest");
    command->add_flag("--json", json, "print JSON");
    command->add_flag("-q,--quiet", guest.vm.quiet, "do not show the guest's console");
  };
  auto* vm_run =
      vm_verb->add_subcommand("run", "boot a guest, run a profile in it, bring the recording back");
  vm_run->add_option("profile", guest.run.profile, "a YAML profile")->required();
  vm_run->add_option("-o,--output", guest.run.output,
                     "directory of the recording, or of the sessions (must not exist)");
  vm_run
      ->add_option("--sessions", guest.run.sessions,
                   "so many boots of each kernel the profile's arms name, in turns; then compare")
      ->check(CLI::Range(1, 1000));
  vm_run->add_flag("--resume", guest.resume, "record only the sessions that -o lacks");
  vm_run->add_option("--hash", guest.run.hash,
                     "refuse a profile whose hash does not begin with this");
  vm_run->add_flag("--no-plots", no_plots, "make no charts");
  guest_options(vm_run);
  auto* vm_exec = vm_verb->add_subcommand(
      "exec", "boot a guest and carry out one verb in it: isolab vm exec check");
  guest_options(vm_exec);
  auto* exec_verb = vm_exec->add_option("verb", exec.verb,
                                        "a verb with its arguments; after -- when it has options");
  vm_exec->add_option("--script", exec.script, "several commands in one guest: a file, one a line")
      ->excludes(exec_verb);
  vm_exec->add_option("--file", exec.files, "/path/in/guest=FILE or directory to take along");
  vm_exec->add_option("-o,--output", exec.output, "directory for everything commands left in /out");
  auto* vm_kernels = vm_verb->add_subcommand("kernels", "list the Debian kernels a guest can boot");
  vm_kernels->add_option("--arch", guest.vm.arch, "x86_64 or arm64 (default: both)");
  vm_kernels->add_flag("--json", json, "print JSON");
  auto* vm_guest = vm_verb->add_subcommand("guest", "be PID 1 of a guest")->group("");

  for (auto* one : {analyse_verb, report_verb, spikes_verb})
    one->add_option("--classes", spikes.classes,
                    "a CSV of your own class rules, tried before the built-in ones");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream answer, complaint;
    const int outcome = app.exit(error, answer, complaint);
    print(answer.str());
    if (const std::string said = complaint.str(); !said.empty()) say(trimmed(said));
    return outcome == 0 ? ExitCode::done : ExitCode::failed;  // 0: --help, --version
  }

  run.json = json;
  plan.json = json;
  plan.host = host;
  run.plots = !no_plots;
  guest.run.json = json;
  guest.run.plots = !no_plots;
  guest.command_line = {argv, argv + argc};
  if (*vm_run) return vm_run_command(guest);
  exec.vm = guest.vm;
  exec.json = json;
  if (*vm_exec) return vm_exec_command(exec);
  if (*vm_kernels) return vm_kernels_command(guest.vm.arch, json);
  if (*vm_guest) run_guest_init();
  if (*run_verb)
    return run.sessions > 1 ? run_sessions_command(run) : run_command(run, {argv, argv + argc});
  if (*aa_verb) {
    run.sessions = aa_sessions;
    return aa_command(run);
  }
  if (*compare_verb) {
    compared.json = json;
    compare.by_repeat = unit == "repeat";
    compare.options.min_effect = min_effect / 100;
    return compare_command(compared);
  }
  if (*history_verb) {
    history.json = json;
    return history_command(history);
  }
  if (*plan_verb) return plan_command(plan);
  if (*list_verb) return list_command(json);
  if (*show_verb) return show_command(name, json);
  if (*facts_verb) return facts_command(host, json, capture);
  if (*check_verb) return check_command(host, cpus, json);
  if (*analyse_verb) return analyse_command(recording, spikes.classes);
  if (*report_verb) return report_command(recording, spikes.classes, full, host, json);
  if (*spikes_verb) {
    spikes.json = json;
    return spikes_command(spikes);
  }
  if (*plot_verb) return plot_command(recording, output, json);
  if (*export_verb) {
    exported.json = json;
    if (*window_option) exported.window = window;
    return export_command(exported);
  }
  if (*attach_verb) return attach_command(recording, benchmarks, json);
  if (*schema_verb) return schema_command();
  if (*restore_verb) return restore_command(dry_run, forget, json);
  return ExitCode::failed;
}

}  // namespace
}  // namespace isolab

int main(int argc, char** argv) {
  using namespace isolab;
  prepare_standard_streams();
  const auto code = caught([&]() -> Result<ExitCode> { return carry_out(argc, argv); });
  return static_cast<int>(end_output(code ? *code : complain(code.error())));
}
