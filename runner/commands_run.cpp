// SPDX-License-Identifier: Apache-2.0
// Verbs that look at the machine or change it: plan, run, restore.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <set>
#include <system_error>

#include "base/version.h"
#include "host/guard.h"
#include "host/os.h"
#include "results/json.h"
#include "results/recording.h"
#include "runner/commands.h"
#include "runner/execute.h"
#include "runner/interrupt_flag.h"
#include "runner/plan_text.h"
#include "runner/preflight.h"
#include "runner/profile_file.h"
#include "runner/report.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

/// Where workloads keep what is expensive to make again: $ISOLAB_CACHE, else the user's cache.
fs::path cache_directory() {
  if (const char* named = std::getenv("ISOLAB_CACHE")) return named;
  if (is_root()) return "/var/cache/isolab";
  if (const char* xdg = std::getenv("XDG_CACHE_HOME")) return fs::path(xdg) / "isolab";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : "/tmp") / ".cache" / "isolab";
}

Result<void> refuse_leftovers() {
  const auto journals = stale_journals(default_journal_dir());
  if (journals.empty()) return {};
  return Error{
      ErrorKind::busy,
      "an earlier run was killed and left the machine changed (" + journals.front().string() + ")",
      "isolab restore puts it back"};
}

Progress::Style progress_style(bool quiet) {
  if (quiet) return Progress::Style::silent;
  const char* terminal = std::getenv("TERM");
  if (terminal != nullptr && std::string_view(terminal) == "dumb") return Progress::Style::plain;
  return isatty(STDERR_FILENO) ? Progress::Style::terminal : Progress::Style::plain;
}

/// The parts of a run that live as long as it does.
class Run {
 public:
  Run(const RunOptions& options, Profile profile, Plan plan, Host host, Manifest manifest)
      : options_(options),
        profile_(std::move(profile)),
        plan_(std::move(plan)),
        host_(host),
        manifest_(std::move(manifest)),
        guard_(host.files, default_journal_dir()) {}

  Result<int> carry_out() {
    Progress progress(progress_style(options_.quiet), plan_);
    const std::vector<Warning> warned = TRY(preflight_probe(plan_, host_));
    manifest_.warnings.insert(manifest_.warnings.end(), warned.begin(), warned.end());
    TRY(pin_this_thread(plan_.housekeeping));
    // A workload may crowd our CPU; the readings at the edges of a window must not wait for it.
    if (const auto ahead = run_ahead_of_ordinary_tasks(); !ahead)
      manifest_.warnings.push_back({"runner_not_ahead", ahead.error().what,
                                    "readings at the edges of a window may come late under load",
                                    ahead.error().hint});
    std::error_code no_cache;  // a workload that needs the cache says so itself
    fs::create_directories(cache_, no_cache);
    apply_inability(plan_, dry_run_workloads(plan_, host_, guard_, cache_, progress));
    announce(progress);
    if (plan_.windows.empty())
      return Error{ErrorKind::unsupported, "no arm of this profile can run here",
                   "isolab plan --dry-run says why"};
    RecordingWriter writer =
        TRY(RecordingWriter::create(output_, manifest_, plan_, profile_.source, host_.facts.all));
    for (std::size_t i = 0; i < plan_.windows.size() && interrupted_by() == 0; ++i)
      TRY(one_window(writer, progress, static_cast<int>(i)));
    manifest_.status = interrupted_by() != 0 ? "interrupted" : "complete";
    manifest_.ended_utc = utc_now();
    for (const auto& problem : guard_.restore()) not_restored(problem);
    TRY(writer.finish(manifest_, read_host_facts(host_.files).all));
    return exit_code();
  }

  const fs::path& output() const { return output_; }

 private:
  void announce(Progress& progress) const {
    if (!plan_.measured_isolated)
      progress.line(
          fmt::format("** CPU {} is NOT ISOLATED ({}): the scheduler may put anything on it **",
                      plan_.measured.list(), plan_.measured_why));
    for (const auto& arm : plan_.arms)
      if (!arm.not_applicable.empty())
        progress.line("not applicable: arm " + arm.name + ": " + arm.not_applicable);
    progress.line(fmt::format("{}: {} windows, about {}; recording into {}", plan_.name,
                              plan_.windows.size(), human_span(plan_.duration), output_.string()));
  }

  Result<void> one_window(RecordingWriter& writer, Progress& progress, int index) {
    const int arm = plan_.windows[static_cast<std::size_t>(index)].arm;
    if (ended_arms_.contains(arm)) return {};
    progress.window(static_cast<std::size_t>(index),
                    plan_.arms[static_cast<std::size_t>(arm)].name);
    const fs::path directory = TRY(writer.begin_window(plan_, index));
    WindowOutcome outcome = run_window({plan_, index, host_, guard_, progress, directory, cache_});
    for (const auto& problem : outcome.restore_problems) not_restored(problem);
    if (outcome.record.status != "complete") {
      disturbed_ = true;
      if (outcome.record.status != "interrupted") ended_arms_.insert(arm);
      progress.line("arm " + plan_.arms[static_cast<std::size_t>(arm)].name + ": " +
                    outcome.record.status);
    }
    return writer.commit_window(outcome.record);
  }

  void not_restored(const RestoreProblem& problem) {
    manifest_.warnings.push_back({"not_restored", problem.what,
                                  "the machine is not as it was found",
                                  "set " + problem.path + " by hand"});
    restored_ = false;
  }

  int exit_code() const {
    if (!restored_) return kNotRestored;
    return disturbed_ || interrupted_by() != 0 ? kDisturbed : kDone;
  }

  const RunOptions& options_;
  Profile profile_;
  Plan plan_;
  Host host_;
  Manifest manifest_;
  StateGuard guard_;
  fs::path cache_ = cache_directory();
  fs::path output_ =
      options_.output.empty() ? default_output(profile_.name) : options_.output;
  std::set<int> ended_arms_;  // an arm whose workload died is not tried again
  bool restored_ = true;
  bool disturbed_ = false;
};

Result<int> run(const RunOptions& options, const std::vector<std::string>& command_line) {
  const std::string file = TRY(find_profile(options.profile));
  Profile profile = TRY(read_profile(file));
  TRY(refuse_leftovers());
  if (is_root()) TRY(mount_private_kernel_filesystems());
  SystemFiles files;
  const HostFacts facts = read_host_facts(files);
  Plan plan = TRY(compile_plan(profile, facts));
  TRY(check_profile_hash(options.hash, plan.profile_hash, options.profile));
  Manifest manifest;
  manifest.version = kVersion;
  manifest.status = "running";
  manifest.started_utc = utc_now();
  manifest.command_line = command_line;
  catch_interrupts();
  Run whole(options, std::move(profile), std::move(plan), Host{files, facts}, std::move(manifest));
  const int code = TRY(whole.carry_out());
  return finish_report(whole.output(), code, options.json, options.plots);
}

}  // namespace

fs::path default_output(const std::string& name) {
  std::string stamp = utc_now();  // 2026-11-20T13:37:00Z -> 20261120-133700
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':' || c == 'Z'; });
  for (char& c : stamp)
    if (c == 'T') c = '-';
  return fs::path("recordings") / (name + "-" + stamp);
}

int run_command(const RunOptions& options, const std::vector<std::string>& command_line) {
  const auto code = run(options, command_line);
  return code ? *code : complain(code.error());
}

int plan_command(const std::string& profile_path, bool dry_run, bool json) {
  const auto print_it = [&]() -> Result<void> {
    const std::string file = TRY(find_profile(profile_path));
    const Profile profile = TRY(read_profile(file));
    if (dry_run && is_root()) TRY(mount_private_kernel_filesystems());
    SystemFiles files;
    const HostFacts facts = read_host_facts(files);
    Plan plan = TRY(compile_plan(profile, facts));
    if (dry_run) {
      TRY(refuse_leftovers());
      StateGuard guard(files, default_journal_dir());
      Progress progress(Progress::Style::silent, plan);
      apply_inability(
          plan, dry_run_workloads(plan, Host{files, facts}, guard, cache_directory(), progress));
    }
    fmt::print("{}", json ? plan_to_json(plan) : render_plan(plan));
    return {};
  };
  const auto outcome = print_it();
  return outcome ? int{kDone} : complain(outcome.error());
}

int restore_command(bool json) {
  SystemFiles files;
  JsonArray problems;
  int restored = 0;
  for (const auto& journal : stale_journals(default_journal_dir())) {
    ++restored;
    for (const auto& problem : restore_journal(files, journal)) problems.push_back(problem.what);
  }
  if (json) {
    fmt::print("{}", print_json(JsonObject{{"journals", restored}, {"problems", problems}}));
  } else {
    fmt::print("{}\n", restored == 0 ? "nothing to restore"
                                     : fmt::format("{} killed run(s) undone", restored));
    for (const auto& problem : problems) fmt::print("{}\n", std::get<std::string>(problem.value));
  }
  return problems.empty() ? kDone : kNotRestored;
}

}  // namespace isolab
