// SPDX-License-Identifier: Apache-2.0
#include "vm/sessions/guest_sessions.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "base/exit_code.h"
#include "base/text.h"
#include "host/interrupt_flag.h"
#include "plan/compile.h"
#include "results/recording.h"

namespace isolab {
namespace {

namespace fs = std::filesystem;

/// Whether the session exists; refuses one of another profile.
Result<bool> is_recorded(const GuestSession& session, const std::string& hash) {
  if (!TRY(is_recording(session.directory))) return false;
  const Recording recording = TRY(load_recording(session.directory));
  if (recording.plan.profile_hash == hash) return true;
  return Error{ErrorKind::usage,
               session.directory.string() + " is a session of another profile, or of a changed one",
               "choose another directory"};
}

std::string progress_text(const GuestSession& session, std::size_t index, std::size_t all) {
  return fmt::format("boot {} of {}: {}: {}", index + 1, all, session.directory.filename().string(),
                     boot_text(session.boot.needs));
}

void carry_out(GuestSession& session, GuestRun run, const VmOptions& options,
               const Profile& profile, const std::function<void(const std::string&)>& note) {
  const fs::path log = session.directory.string() + ".log";
  std::ofstream console(log, std::ios::binary | std::ios::trunc);
  run.boot = session.boot.needs;
  run.output = session.directory;
  const auto outcome = run_profile_in_guest(
      run, options, profile, [&](const std::string& text) { console << text << std::flush; }, note);
  if (outcome) {
    session.recorded = true;
    session.code = outcome->code;
    session.release = outcome->release;
    note(fmt::format("recorded on {} in {}", outcome->release, human_span(outcome->duration)));
    if (outcome->code != ExitCode::done)
      note(fmt::format("{} (exit code {}); its console is in {}", exit_code_text(outcome->code),
                       static_cast<int>(outcome->code), log.string()));
  } else {
    session.failure = outcome.error().what;
    note(outcome.error().text());
    note("its console is in " + log.string());
  }
}

}  // namespace

std::vector<GuestSession> plan_sessions(const Profile& profile, int sessions,
                                        const fs::path& directory) {
  const auto boots = boots_of(compile_arms(profile));
  std::vector<int> numbers(boots.size());
  std::vector<GuestSession> out;
  for (const auto which : boot_order(boots.size(), sessions, profile.order, profile.seed)) {
    GuestSession one;
    one.number = ++numbers[which];
    one.boot = boots[which];
    // The first arm's name is safe in a path; a profile of one boot needs none.
    one.directory =
        directory / (fmt::format("session-{:02}", one.number) +
                     (boots.size() > 1 ? "-" + boots[which].arms.front() : std::string()));
    out.push_back(std::move(one));
  }
  return out;
}

Result<void> record_sessions(std::vector<GuestSession>& sessions, const GuestRun& run,
                             const VmOptions& options, const Profile& profile, bool resume,
                             const std::function<void(const std::string&)>& note) {
  const fs::path into = sessions.front().directory.parent_path();
  std::error_code error;
  if (fs::exists(into, error) && !resume)
    return Error{ErrorKind::usage, into.string() + " exists already",
                 "--resume records the missing sessions; or choose another name"};
  fs::create_directories(into, error);
  if (error) return errno_error("cannot make " + into.string(), error.value());
  const std::string hash = profile_hash(profile);
  for (auto& session : sessions) session.recorded = TRY(is_recorded(session, hash));
  for (std::size_t i = 0; i < sessions.size() && interrupted_by() == 0; ++i) {
    note(progress_text(sessions[i], i, sessions.size()) +
         (sessions[i].recorded ? " (recorded already)" : ""));
    if (!sessions[i].recorded) carry_out(sessions[i], run, options, profile, note);
  }
  if (interrupted_by() != 0)
    return Error{ErrorKind::interrupted,
                 "stopped after a signal; sessions so far: " + into.string(), "--resume continues"};
  return {};
}

std::string missing_sessions(const std::vector<GuestSession>& sessions) {
  std::string out;
  for (const auto& session : sessions)
    if (!session.recorded)
      append_item(out, "\n",
                  fmt::format("{} ({}): {}", session.directory.filename().string(),
                              boot_text(session.boot.needs),
                              session.failure.substr(0, session.failure.find('\n'))));
  return out;
}

Json sessions_json(const std::vector<GuestSession>& sessions) {
  JsonArray out;
  for (const auto& session : sessions) {
    JsonArray arms;
    for (const auto& arm : session.boot.arms) arms.push_back(arm);
    JsonObject one{{"session", session.number},
                   {"kernel", session.boot.needs.kernel},
                   {"cmdline", session.boot.needs.cmdline},
                   {"arms", arms},
                   {"directory", session.directory.string()},
                   {"recorded", session.recorded}};
    if (!session.release.empty()) {
      one.emplace("release", session.release);
      one.emplace("exit", static_cast<int>(session.code));
    }
    if (!session.failure.empty()) one.emplace("failure", session.failure);
    out.push_back(Json(std::move(one)));
  }
  return Json(std::move(out));
}

}  // namespace isolab
