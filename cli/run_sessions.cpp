// SPDX-License-Identifier: Apache-2.0
#include "cli/run_sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <system_error>

#include "base/output.h"
#include "host/installation.h"
#include "host/interrupt_flag.h"
#include "host/process.h"
#include "plan/profile_file.h"
#include "results/json.h"
#include "runner/complain.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

constexpr Nanos kLook = std::chrono::milliseconds(200);
constexpr Nanos kPatience = std::chrono::minutes(2);  // for a session to put the machine back

/// Runs `isolab run` once; its exit code.
Result<ExitCode> record_session(const RunOptions& options, const std::string& profile,
                                const fs::path& directory) {
  CommandSpec spec;
  spec.argv = {TRY(own_program()).string(), "run", profile, "-o", directory.string(), "--no-plots"};
  if (options.quiet) spec.argv.push_back("--quiet");
  if (options.allow_commands) spec.argv.push_back("--allow-commands");
  if (!options.hash.empty()) spec.argv.insert(spec.argv.end(), {"--hash", options.hash});
  if (!options.group.empty()) spec.argv.insert(spec.argv.end(), {"--group", options.group});
  for (const auto& limit : options.limits) spec.argv.insert(spec.argv.end(), {"--limit", limit});
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

}  // namespace

Result<void> record_sessions(const RunOptions& options, SessionsRecorded& recorded) {
  const std::string profile = TRY(find_profile(options.profile));
  const fs::path& into = recorded.directory =
      options.output.empty() ? default_output(fs::path(profile).stem().string()) : options.output;
  std::error_code error;
  if (fs::exists(into, error))
    return Error{ErrorKind::usage, into.string() + " exists", "choose another name or remove it"};
  fs::create_directories(into, error);
  if (error) return errno_error("cannot make " + into.string(), error.value());
  catch_interrupts();
  for (int i = 1; i <= options.sessions && interrupted_by() == 0; ++i) {
    const fs::path session = into / fmt::format("session-{:02}", i);
    say_line(fmt::format("session {} of {}: {}", i, options.sessions, session.string()));
    const ExitCode code = TRY(record_session(options, profile, session));
    const bool kept = fs::exists(session / "manifest.json", error);  // its idle arm at least
    recorded.code = std::max(recorded.code, code);
    if (code != ExitCode::done && code != ExitCode::budget_broken && code != ExitCode::disturbed &&
        !(code == ExitCode::not_applicable && kept))
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

ExitCode outcome_of(const Result<void>& done, const SessionsRecorded& recorded) {
  return done ? recorded.code : std::max(complain(done.error()), recorded.code);
}

ExitCode run_sessions(const RunOptions& options) {
  SessionsRecorded recorded;
  const auto done = record_sessions(options, recorded);
  if (!done) return outcome_of(done, recorded);
  const std::string directory = recorded.directory.string();
  if (options.json)
    print_as_json(print_json(Json(JsonObject{{"sessions", directory}})));
  else
    print(fmt::format("{} sessions in {}\n", options.sessions, visible_line(directory)));
  say_line("compare its arms: isolab compare --arms BASE,NEW " + directory);
  return recorded.code;
}

}  // namespace isolab
