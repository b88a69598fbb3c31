// SPDX-License-Identifier: Apache-2.0
// Several sessions of one profile, each a fresh start of this program: `run --sessions` and `aa`.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <system_error>

#include "analysis/false_positives.h"
#include "analysis/session_groups.h"
#include "analysis/statistics/two_samples.h"
#include "base/exit_code.h"
#include "base/output.h"
#include "cli/commands.h"
#include "host/interrupt_flag.h"
#include "host/process.h"
#include "plan/profile_file.h"
#include "results/durable.h"
#include "results/json.h"
#include "runner/complain.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr Nanos kLook = std::chrono::milliseconds(200);
constexpr Nanos kPatience = std::chrono::minutes(2);  // for a session to put the machine back

/// Runs `isolab run` once; its exit code.
Result<ExitCode> one_session(const RunOptions& options, const fs::path& directory) {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) return errno_error("cannot find this program", error.value());
  CommandSpec spec;
  spec.argv = {self.string(), "run", options.profile, "-o", directory.string(), "--no-plots"};
  if (options.quiet) spec.argv.push_back("--quiet");
  if (options.allow_commands) spec.argv.push_back("--allow-commands");
  if (!options.hash.empty()) spec.argv.insert(spec.argv.end(), {"--hash", options.hash});
  if (!options.group.empty()) spec.argv.insert(spec.argv.end(), {"--group", options.group});
  if (!options.booted.empty()) spec.argv.insert(spec.argv.end(), {"--booted", options.booted});
  spec.output = (directory.parent_path() / (directory.filename().string() + ".log")).string();
  Child child = TRY(Child::spawn(spec));
  std::optional<Exit> ended;
  while (!(ended = child.wait_for(kLook)) && interrupted_by() == 0) {
  }
  if (!ended) {
    child.signal(SIGINT);  // it ends its window, keeps what it has and restores the machine
    ended = child.wait_for(kPatience);
  }
  if (!ended) ended = child.stop(std::chrono::seconds(10));
  if (ended->signal != 0)
    return Error{ErrorKind::io, fmt::format("session {} was {}", directory.string(), ended->text()),
                 "its output is in " + spec.output};
  return ExitCode{ended->code};
}

std::string stamped(const std::string& profile) {
  return default_output(fs::path(profile).stem().string());
}

struct Recorded {
  fs::path directory;              // of the sessions
  ExitCode code = ExitCode::done;  // the worst of them, also after an error
};

/// Records `options.sessions` sessions below a directory.
Result<void> record(const RunOptions& options, Recorded& out) {
  const std::string profile = TRY(find_profile(options.profile));
  const fs::path& into = out.directory =
      options.output.empty() ? fs::path(stamped(profile)) : options.output;
  std::error_code error;
  if (fs::exists(into, error))
    return Error{ErrorKind::usage, into.string() + " exists", "choose another name or remove it"};
  fs::create_directories(into, error);
  if (error) return errno_error("cannot make " + into.string(), error.value());
  catch_interrupts();
  for (int i = 1; i <= options.sessions && interrupted_by() == 0; ++i) {
    const fs::path session = into / fmt::format("session-{:02}", i);
    say_line(fmt::format("session {} of {}: {}", i, options.sessions, session.string()));
    RunOptions one = options;
    one.profile = profile;
    const ExitCode code = TRY(one_session(one, session));
    const bool recorded = fs::exists(session / "manifest.json", error);  // its idle arm at least
    out.code = std::max(out.code, code);
    if (code != ExitCode::done && code != ExitCode::budget_broken && code != ExitCode::disturbed &&
        !(code == ExitCode::not_applicable && recorded))
      return Error{ErrorKind::io,
                   fmt::format("session {} ended with exit code {}", session.string(),
                               static_cast<int>(code)),
                   "its output is in " + session.string() + ".log"};
  }
  if (interrupted_by() != 0)
    return Error{ErrorKind::interrupted,
                 "stopped after a signal; sessions so far: " + into.string()};
  return {};
}

Result<void> false_positives(const RunOptions& options, Recorded& recorded) {
  const fs::path& directory = recorded.directory = options.profile;
  std::error_code error;
  if (!fs::is_directory(directory, error)) TRY(record(options, recorded));
  const auto sessions = TRY(sessions_in(directory));
  const auto outcome = TRY(measure_false_positives(sessions));
  const auto json = false_positives_json(outcome);
  TRY(write_durably(directory / kFalsePositivesFile, json));
  if (options.json) {
    print_as_json(json);
  } else {
    print(citation(outcome) + "\n");
    for (const auto& name : outcome.flagged_names) print("  flagged: " + name + "\n");
  }
  say_line("kept in " + (directory / kFalsePositivesFile).string());
  return {};
}

}  // namespace

ExitCode run_sessions_command(const RunOptions& options) {
  Recorded recorded;
  if (const auto done = record(options, recorded); !done)
    return std::max(complain(done.error()), recorded.code);
  const std::string directory = recorded.directory.string();
  if (options.json)
    print_as_json(print_json(Json(JsonObject{{"sessions", directory}})));
  else
    print(fmt::format("{} sessions in {}\n", options.sessions, visible_line(directory)));
  say_line("compare its arms with: isolab compare --arms BASE,NEW " + directory);
  return recorded.code;
}

ExitCode aa_command(const RunOptions& options) {
  Recorded recorded;
  const auto done = false_positives(options, recorded);
  return done ? recorded.code : std::max(complain(done.error()), recorded.code);
}

}  // namespace isolab
