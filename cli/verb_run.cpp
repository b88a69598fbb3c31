// SPDX-License-Identifier: Apache-2.0
// The verb run: runs a profile and reports.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

#include "analysis/checks/budget.h"
#include "base/environment.h"
#include "base/output.h"
#include "base/version.h"
#include "base/warnings.h"
#include "cli/finish_report.h"
#include "cli/run_sessions.h"
#include "cli/shared_options.h"
#include "cli/supervision.h"
#include "host/cache_directory.h"
#include "host/cgroup.h"
#include "host/guard.h"
#include "host/interrupt_flag.h"
#include "host/os.h"
#include "host/process.h"
#include "host/readiness/missing_rights.h"
#include "host/state_directory.h"
#include "plan/allowed_commands.h"
#include "plan/arm_boots.h"
#include "plan/compile.h"
#include "plan/profile_file.h"
#include "probes/contract/probe.h"
#include "results/recording.h"
#include "runner/complain.h"
#include "runner/disturbances.h"
#include "runner/execute.h"
#include "runner/isolation.h"
#include "runner/leftovers.h"
#include "runner/preflight.h"
#include "runner/supervise.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

Progress::Style progress_style(bool quiet) {
  if (quiet) return Progress::Style::silent;
  if (environment("TERM") == "dumb") return Progress::Style::plain;
  return isatty(STDERR_FILENO) ? Progress::Style::terminal : Progress::Style::plain;
}

// How long the run may be silent before it counts as hung. Each wait in it has its own limit; these
// are for the case that one of those fails. A first kernel_build prepares for up to 15 minutes.
constexpr Nanos kWindowLimit = std::chrono::minutes(20);
constexpr Nanos kEndLimit = std::chrono::minutes(10);

/// The parts of a run that live as long as it does.
class Run {
 public:
  Run(const RunOptions& options, const Profile& profile, Plan plan, Host host, Manifest manifest,
      fs::path output, std::optional<gid_t> group)
      : options_(options),
        profile_(profile),
        plan_(std::move(plan)),
        facts_(host.facts),
        host_{host.files, facts_},
        manifest_(std::move(manifest)),
        guard_(host.files, default_journal_dir()),
        output_(std::move(output)),
        group_(group) {}

  Result<ExitCode> carry_out(Lifeline lifeline) {
    Progress progress(progress_style(options_.quiet), plan_);
    const std::vector<Warning> warned = TRY(preflight_probe(plan_, host_));
    manifest_.warnings.insert(manifest_.warnings.end(), warned.begin(), warned.end());
    TRY(pin_this_thread(plan_.housekeeping));
    // A workload may crowd our CPU; the readings at the edges of a window must not wait for it.
    if (const auto ahead = run_ahead_of_ordinary_tasks(); !ahead)
      manifest_.warnings.push_back(
          make_warning(WarningId::runner_not_ahead, ahead.error().what, ahead.error().hint));
    run_cgroup_ = own_cgroup(host_.files).value_or("");
    TRY(isolate_cpus(progress));
    std::error_code no_cache;  // a workload that needs the cache says so itself
    fs::create_directories(cache_, no_cache);
    apply_inability(plan_, dry_run_workloads(plan_, host_.files, facts_, guard_, cache_, progress));
    if (const auto left = end_descendants(host_.files); !left.killed.empty())
      progress.line("left running by the dry runs: " + visible_line(listed(left.killed)) +
                    "; killed");
    announce(progress);
    if (plan_.windows.empty())
      return Error{
          ErrorKind::unsupported, "cannot run this profile here: no arm of it is applicable",
          names_boots(plan_.arms) ? "isolab plan says which kernels it needs; isolab vm run "
                                    "boots them in guests"
                                  : "isolab plan --dry-run gives the reasons"};
    RecordingWriter writer = TRY(RecordingWriter::create(output_, manifest_, plan_, profile_.source,
                                                         host_.facts.all, group_));
    for (std::size_t i = 0; i < plan_.windows.size() && interrupted_by() == 0; ++i) {
      lifeline.expect_within(plan_.warmup + plan_.measure + kWindowLimit);
      TRY(one_window(writer, progress, static_cast<int>(i), lifeline.supervisors()));
    }
    lifeline.expect_within(kEndLimit);
    manifest_.status = interrupted_by() != 0 ? "interrupted" : "complete";
    manifest_.ended_utc = utc_now();
    for (const auto& problem : guard_.restore()) not_restored(problem);
    TRY(writer.finish(manifest_, facts_at_end()));
    return exit_code();
  }

 private:
  /// What was measured before the first window is not read again.
  Facts facts_at_end() const {
    HostFacts now = read_host_facts(host_.files);
    if (now.kernel_flush.by == KernelFlush::By::unknown)
      now.all["kernel.tlb_flush"] = facts_.all.at("kernel.tlb_flush");
    return std::move(now.all);
  }

  Result<void> isolate_cpus(Progress& progress) {
    if (!plan_.isolation) return {};
    const ProbeInfo* probe = find_probe(plan_.probe.name);
    if (plan_.isolation->via == "partition" && probe != nullptr && !probe->enters_cgroup)
      return Error{ErrorKind::unsupported,
                   "probe " + probe->name + " cannot run in a cgroup partition",
                   "isolate at boot (isolation: via: cmdline), or use " +
                       probes_that(&ProbeInfo::enters_cgroup)};
    isolation_ = TRY(isolate(*plan_.isolation, plan_.housekeeping, host_, guard_));
    for (const auto& done : isolation_.done) {
      manifest_.changed.push_back(done);
      progress.line("isolation: " + done);
    }
    manifest_.warnings.insert(manifest_.warnings.end(), isolation_.warnings.begin(),
                              isolation_.warnings.end());
    return {};
  }

  void announce(Progress& progress) const {
    if (!plan_.measured_isolated)
      progress.line(
          fmt::format("** CPU {} is NOT ISOLATED ({}): the scheduler may run any task on it **",
                      plan_.measured.list(), plan_.measured_why));
    for (const auto& right : missing_rights(host_.files).value_or(std::vector<MissingRight>()))
      progress.line("missing: " + right.name + ": " + right.without);
    for (const auto& arm : plan_.arms)
      if (!arm.not_applicable.empty())
        progress.line("not applicable: arm " + arm.name + ": " + arm.not_applicable);
    progress.line(fmt::format("{}: {} windows, about {}; recording into {}", plan_.name,
                              plan_.windows.size(), human_span(plan_.duration), output_.string()));
  }

  Result<void> one_window(RecordingWriter& writer, Progress& progress, int index,
                          const std::vector<std::int32_t>& supervisors) {
    const int arm = plan_.windows[static_cast<std::size_t>(index)].arm;
    if (ended_arms_.contains(arm)) return {};
    progress.window(static_cast<std::size_t>(index),
                    plan_.arms[static_cast<std::size_t>(arm)].name);
    const fs::path directory = TRY(writer.begin_window(plan_, index));
    WindowOutcome outcome = run_window({plan_, index, host_, guard_, progress, directory, cache_,
                                        isolation_.cgroup, supervisors, run_cgroup_});
    for (const auto& problem : outcome.restore_problems) not_restored(problem);
    if (outcome.record.status != "complete" && outcome.record.status != "interrupted")
      ended_arms_.insert(arm);
    for (const auto& what : disturbances(outcome.record)) {
      disturbed_ = true;
      progress.line("arm " + plan_.arms[static_cast<std::size_t>(arm)].name + ": " + what);
    }
    return writer.commit_window(outcome.record);
  }

  void not_restored(const RestoreProblem& problem) {
    manifest_.warnings.push_back(
        make_warning(WarningId::not_restored, problem.what, "set " + problem.path + " manually"));
    restored_ = false;
  }

  ExitCode exit_code() const {
    if (!restored_) return ExitCode::not_restored;
    return disturbed_ || interrupted_by() != 0 ? ExitCode::disturbed : ExitCode::done;
  }

  const RunOptions& options_;
  const Profile& profile_;
  Plan plan_;
  HostFacts facts_;  // with what the dry runs measure
  Host host_;
  Manifest manifest_;
  StateGuard guard_;
  Isolation isolation_;
  std::string run_cgroup_;  // that this process lives in; empty: no cgroup v2
  fs::path cache_ = cache_directory();
  fs::path output_;
  std::optional<gid_t> group_;
  std::set<int> ended_arms_;  // an arm whose workload died is not tried again
  bool restored_ = true;
  bool disturbed_ = false;
};

std::optional<gid_t> number_of(std::string_view text) {
  gid_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

/// By name or number; nothing of "". getent(1) knows the groups of all services of
/// nsswitch.conf(5); getgrnam(3) would load them, which the static program cannot.
Result<std::optional<gid_t>> find_group(const std::string& name) {
  if (name.empty()) return std::optional<gid_t>{};
  if (const auto number = number_of(name)) return number;
  const auto line = run_for_output({"getent", "group", "--", name}, std::chrono::seconds(10));
  if (line) {
    std::istringstream fields(*line);  // name:password:number:members
    std::string field;
    for (int i = 0; i < 3; ++i) std::getline(fields, field, ':');
    if (const auto number = number_of(field)) return number;
  }
  return Error{ErrorKind::usage, "cannot find group \"" + name + "\"",
               "--group takes a name that getent group knows, or a number"};
}

Result<ExitCode> run(const RunOptions& options, const std::vector<std::string>& command_line) {
  const std::string file = TRY(find_profile(options.profile));
  const Profile profile = TRY(read_profile(file));
  const auto group = TRY(find_group(options.group));
  TRY(refuse_leftovers(default_journal_dir()));
  // A container may forbid mounts even to root: then tracing is what is missing, and says so.
  const auto mounted = is_root() ? mount_private_kernel_filesystems()
                                 : Result<std::vector<std::string>>(std::vector<std::string>{});
  SystemFiles files;
  const HostFacts facts = read_host_facts(files);
  Plan plan = TRY(compile_plan(profile, facts, options.booted));
  for (const auto& limit : options.limits) plan.budgets.push_back(TRY(parse_limit(limit)));
  TRY(check_profile_hash(options.hash, plan.profile_hash, options.profile));
  TRY(check_commands(file, profile.ships, plan, options.allow_commands));
  Manifest manifest;
  manifest.version = kVersion;
  manifest.status = "running";
  manifest.started_utc = utc_now();
  manifest.command_line = options.asked.empty() ? command_line : options.asked;
  if (!mounted)
    manifest.warnings.push_back(
        make_warning(WarningId::no_private_mounts, mounted.error().what, mounted.error().hint));
  const fs::path output = options.output.empty() ? default_output(profile.name) : options.output;
  const RunEnd end = TRY(supervise(supervision(plan), [&](Lifeline lifeline) {
    catch_interrupts();
    Run whole(options, profile, plan, Host{files, facts}, manifest, output, group);
    const auto code = whole.carry_out(lifeline);
    return code ? *code : complain(code.error());
  }));
  std::error_code error;
  const bool recorded = fs::exists(output / "manifest.json", error);
  if (recorded && end.whole && end.code != ExitCode::failed && end.code != ExitCode::not_applicable)
    return finish_report(output, end.code, options.json, !options.no_plots);
  if (recorded) say("the windows recorded until then are in " + output.string());
  return end.code;
}

std::vector<Option> run_options(RunOptions& run) {
  return {
      json_flag(run.json),
      profile_argument(run.profile),
      {"-o,--output", &run.output,
       "directory of the recording (must not exist; default recordings/NAME-TIME)"},
      no_plots_flag(run.no_plots),
      {"-q,--quiet", &run.quiet, "no progress on stderr"},
      allow_commands_flag(run.allow_commands),
      hash_option(run.hash),
      group_option(run.group),
      Option{"--limit", &run.limits,
             "METRIC=LIMIT (gap_max=20us): exit code 2 if an arm exceeds it; may be repeated"}
          .take_one_each(),
      Option{"--sessions", &run.sessions,
             "number of sessions, each in its own subdirectory (the n of isolab compare)"}
          .between(1, 1000),
      booted_option(run.booted),
      // A word each, of what was typed on the host of a guest (vm/sessions/guest_run.cpp).
      Option{"--asked", &run.asked, ""}.hide().take_one_each(),
  };
}

}  // namespace

Verb verb_run() {
  const auto options = std::make_shared<RunOptions>();
  return {
      "run",
      "run a profile: workloads on housekeeping CPUs, probe on measured CPUs; writes a recording",
      run_options(*options), [options](const Call& call) {
        return options->sessions > 1 ? run_sessions(*options) : run(*options, call.words);
      }};
}

}  // namespace isolab
