// SPDX-License-Identifier: Apache-2.0
// The verb vm run: a profile in freshly booted guests with isolated CPUs. One guest leaves a
// recording and its report; several boots (arms over kernels, --sessions) leave a directory of
// recordings and a comparison; two architectures a table side by side.
#include <fmt/format.h>

#include <map>
#include <memory>

#include "analysis/compare.h"
#include "analysis/false_positives.h"
#include "analysis/model/comparison.h"
#include "analysis/session_groups.h"
#include "base/output.h"
#include "cli/finish_report.h"
#include "cli/shared_options.h"
#include "plan/arm_boots.h"
#include "plan/compile.h"
#include "plan/profile_file.h"
#include "report/compare/text.h"
#include "report/json/comparison_json.h"
#include "report/json/findings_json.h"
#include "report/side_by_side.h"
#include "vm/sessions/guest_sessions.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

struct VmRunOptions {
  std::string profile, hash;
  fs::path output;      // of the recording or the sessions; empty: recordings/NAME-ARCH-TIME
  int sessions = 1;     // boots of each kernel that the arms name
  bool resume = false;  // go on with the sessions of `output`
  bool no_plots = false;
  bool json = false;
  VmOptions vm;
};

/// What compare says of the arms that differ by their boot alone, one comparison a set of them.
Result<void> compare_boots(const Profile& profile, const fs::path& directory, bool json,
                           JsonArray& items) {
  for (const auto& arms : arms_alike(compile_arms(profile))) {
    const auto loaded = TRY(load_arms({{"sessions", {directory}}}, arms, false));
    const Comparison comparison = TRY(compare(loaded.groups, {}));
    if (json)
      items.push_back(TRY(parse_json(comparison_to_json(comparison))));
    else
      print_report_text(render_comparison(comparison,
                                          {citations_for(comparison, loaded.directories),
                                           shipped_name(recorded_profile(comparison))},
                                          false) +
                            "\n",
                        report_output("auto"));
  }
  return {};
}

/// Several boots, of several kernels or one.
Result<ExitCode> run_sessions(const VmRunOptions& options, const Profile& profile,
                              const GuestRun& run) {
  auto sessions = plan_sessions(profile, options.sessions, run.output);
  TRY(record_sessions(sessions, run, options.vm, profile, options.resume, say));
  ExitCode code = ExitCode::done;
  bool any = false;
  for (const auto& session : sessions) {
    if (!session.recorded) continue;
    any = true;
    code = std::max(code, session.code);
  }
  const std::string missing = missing_sessions(sessions);
  JsonArray comparisons;
  std::string not_compared;
  if (any)
    if (const auto compared = compare_boots(profile, run.output, options.json, comparisons);
        !compared)
      not_compared = compared.error().text();
  if (options.json) {
    print_as_json(print_json(JsonObject{{"directory", run.output.string()},
                                        {"sessions", sessions_json(sessions)},
                                        {"comparisons", std::move(comparisons)},
                                        {"not_compared", not_compared}}));
  } else {
    print("sessions in " + visible_line(run.output.string()) + "\n");
  }
  if (!not_compared.empty()) say("not compared: " + not_compared);
  if (!missing.empty())
    return Error{ErrorKind::io,
                 "cannot record all sessions: these boots left no recording:\n" + missing,
                 fmt::format("the others are kept; isolab vm run {} --sessions {} -o {} --resume "
                             "records the missing sessions",
                             options.profile, options.sessions, run.output.string())};
  return code;
}

/// One guest an architecture.
Result<ExitCode> run_guests(const VmRunOptions& options, const Profile& profile, GuestRun run,
                            const std::vector<std::string>& architectures) {
  ExitCode worst = ExitCode::done;
  std::vector<Findings> all;
  JsonArray runs;
  std::map<std::string, fs::path> outputs;
  for (const auto& arch : architectures) {
    auto& output = outputs[arch] = options.output;
    if (output.empty())
      output = default_output(profile.name + "-" + arch);
    else if (architectures.size() > 1)
      output += "-" + arch;
    std::error_code error;
    if (fs::exists(output, error))
      return Error{ErrorKind::usage, output.string() + " exists already"};
  }
  for (const auto& arch : architectures) {
    run.arch = arch;
    run.output = outputs.at(arch);
    const auto outcome = TRY(run_profile_in_guest(
        run, options.vm, profile,
        [&](const std::string& text) {
          if (!options.vm.quiet) say_console(text);
        },
        say));
    if (architectures.size() == 1)
      return finish_report(run.output, outcome.code, options.json, !options.no_plots);
    auto analysed = TRY(analysed_recording(run.output, {}));
    all.push_back(analysed.findings);
    const Kept kept = TRY(keep_findings(run.output, all.back(), outcome.code, !options.no_plots));
    worst = std::max(worst, kept.code);
    if (options.json) {
      runs.push_back(JsonObject{{"arch", arch},
                                {"recording", run.output.string()},
                                {"report", TRY(parse_json(metrics_to_json(all.back())))}});
    } else {
      print_first_screen(analysed, report_output("auto"));
      print("\n");
    }
    for (const auto& line : kept.lines) say_line(line);
  }
  const auto table = side_by_side(all);
  if (options.json)
    print_as_json(print_json(
        JsonObject{{"recordings", std::move(runs)}, {"side_by_side", side_by_side_json(table)}}));
  else
    print(render_side_by_side(table));
  return worst;
}

Result<ExitCode> run(const VmRunOptions& options, const std::vector<std::string>& command_line) {
  GuestRun run;
  run.command_line = command_line;
  run.profile = TRY(find_profile(options.profile));
  const Profile profile = TRY(read_profile(run.profile.string()));
  TRY(check_profile_hash(options.hash, profile_hash(profile), options.profile));
  const auto architectures = TRY(vm_architectures(options.vm.arch));
  const auto boots = boots_of(compile_arms(profile));
  if (boots.size() == 1 && options.sessions == 1) {
    run.boot = boots.front().needs;
    return run_guests(options, profile, run, architectures);
  }
  if (architectures.size() > 1)
    return Error{ErrorKind::usage,
                 "cannot use several architectures with --sessions or with several kernels",
                 "one --arch at a time"};
  run.arch = architectures.front();
  run.output =
      options.output.empty() ? default_output(profile.name + "-" + run.arch) : options.output;
  return run_sessions(options, profile, run);
}

std::vector<Option> guest_run_options(VmRunOptions& run) {
  std::vector<Option> options{
      profile_argument(run.profile),
      {"-o,--output", &run.output,
       "directory of the recording, or of the sessions (must not exist)"},
      Option{"--sessions", &run.sessions,
             "boot each kernel that the profile's arms name this many times, in turn; then compare"}
          .between(1, 1000),
      {"--resume", &run.resume, "record only the sessions missing in -o"},
      hash_option(run.hash),
      no_plots_flag(run.no_plots)};
  for (auto& option : guest_options(run.vm, run.json)) options.push_back(std::move(option));
  return options;
}

}  // namespace

Verb verb_vm_run() {
  const auto options = std::make_shared<VmRunOptions>();
  return {"vm run", "boot a guest, run a profile in it, copy the recording to the host",
          guest_run_options(*options),
          [options](const Call& call) { return run(*options, call.words); }};
}

}  // namespace isolab
